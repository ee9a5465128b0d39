"""What docs/design.md says of the package agrees with it."""

from __future__ import annotations

import re
import tomllib
from xml.etree import ElementTree

from tests.docs.pages import PAGES, ROOT

PACKAGE = ROOT / "impactive_async"


def test_the_picture_of_the_layers_is_what_is_enforced() -> None:
    """Its rooms, floor by floor, are those of the import contract."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    enforced = [{room.strip() for room in floor.split("|")} for floor in contract["layers"]]
    floors: dict[str, set[str]] = {}
    for text in ElementTree.parse(ROOT / "docs" / "layers.svg").iter("{http://www.w3.org/2000/svg}text"):
        if text.get("class") == "room":
            floors.setdefault(text.attrib["data-floor"], set()).add(str(text.text).rstrip("/"))
    assert floors.pop("apart") == {"sandbox"}
    assert list(floors.values()) == enforced


def test_paths_it_names_exist() -> None:
    """A file or folder that the page sends its reader to is in the repository, the package or a folder of it."""
    named = re.findall(r"`([\w.]+(?:/[\w.]+)*/?)`", PAGES["design.md"].read_text())
    paths = {name for name in named if "/" in name or re.search(r"\.(py|md|toml|json|svg)$", name)}
    roots = (PACKAGE, ROOT, *(path for path in PACKAGE.rglob("*") if path.is_dir()))
    assert [path for path in sorted(paths) if not any((root / path).exists() for root in roots)] == []
