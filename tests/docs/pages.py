"""The code blocks of the documentation, and what the page says about each."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
IN_ROOT = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
PAGES = {path.name: path for path in [*IN_ROOT, *sorted((ROOT / "docs").glob("*.md"))]}

_BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^>]+) -->\n)?^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<code>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


@attrs.frozen(kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        language: What stands behind the fence.
        note: The HTML comment on the line before it, if there is one: `background` starts a server.
        code: Its text.
        line: Where it begins in its file, from 1.
    """

    language: str
    note: str | None
    code: str
    line: int


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in order, without Sphinx's directives."""
    text = PAGES[page].read_text(encoding="utf-8")
    found = [
        Block(
            language=match["language"].strip(),
            note=match["note"],
            code=match["code"],
            line=text.count("\n", 0, match.start("code")) + 1,
        )
        for match in _BLOCK.finditer(text)
    ]
    assert text.count("\n```") == 2 * len(_BLOCK.findall(text)), f"{page} has a block that is not found"
    return [block for block in found if not block.language.startswith("{")]
