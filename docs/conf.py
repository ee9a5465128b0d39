"""How Sphinx builds the documentation: `make docs`."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from impactive_async import __version__

project = "impactive-async"
author = "impactive-async contributors"
project_copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
copybutton_exclude = ".linenos, .gp, .go"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"impactive-async {release}"
html_copy_source = False
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]  # https://llmstxt.org: what a coding agent asks a site for
html_css_files = ["code.css"]
html_js_files = ["tables.js"]

myst_heading_anchors = 3
default_role = "py:obj"  # `name` in a docstring is a link where there is something of that name
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = False  # attrs' generated __init__ has nothing worth preserving
maximum_signature_line_length = 80
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

_FENCE = re.compile(r"^(\s*)```(\w*)$")
_GLUED = re.compile(r"(`[^`]+`)(?=\w)")  # `Event`s


def _from_markdown(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Turn what docstrings have of Markdown (fenced blocks, glued plurals) into reStructuredText."""
    out: list[str] = []
    inside = False
    for line in lines:
        fence = _FENCE.match(line)
        if fence:
            inside = not inside
            out += [f"{fence[1]}.. code-block:: {fence[2] or 'text'}", ""] if inside else [""]
        else:
            out.append(f"    {line}" if inside else _GLUED.sub(r"\1\\ ", line))
    lines[:] = out


def _keep_drawings(_app: Sphinx, what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Show what a module's docstring draws, an indented block, as it stands: else it is a quotation, and flows."""
    if what == "module":
        drawn = [line.startswith("    ") for line in lines]
        for at in reversed(range(1, len(lines))):
            if drawn[at] and not drawn[at - 1]:
                lines[at:at] = [".. code-block:: text", ""]


_COLON = "\ue000"  # of a private area: nobody writes it


def _hide_colons(_app: Sphinx, what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking "Something: more about it" for a type and a description."""
    if what in {"attribute", "data", "property"} and lines:
        lines[0] = lines[0].replace(":", _COLON)


def _show_colons(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = [line.replace(_COLON, ":") for line in lines]


_REPRS = ((re.compile(r"\bNOTHING\b"), "..."), (re.compile(r"<(?:built-in )?function (\w+)[^>]*>"), r"\1"))
_MADE_FOR_USERS = re.compile(r"impactive_async\.(Feed|WorkspaceWatch|resources\.\w+\.\w+)")


def _readable_signatures(
    _app: Sphinx, what: str, name: str, _obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write defaults that are made anew for each object, and those that are functions, as a person would.

    What users get and never make has no signature at all, nor has a protocol.
    """
    if what == "class" and (_MADE_FOR_USERS.fullmatch(name) or signature == "(*args, **kwargs)"):
        return "", None
    for pattern, spelling in _REPRS:
        signature = signature and pattern.sub(spelling, signature)
    return signature, returns


_INCLUDE = re.compile(r"^```\{include\} (\S+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def _publish_markdown(app: Sphinx, failure: Exception | None) -> None:
    """Put each page beside its HTML as it was written: agents read `quickstart.md` with a tenth of the tokens.

    The reference is left out: all of it comes from docstrings.
    """
    if failure is not None or app.builder.format != "html":
        return
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        if "autoclass::" in (text := source.read_text(encoding="utf-8")) or "automodule::" in text:
            continue
        text = _INCLUDE.sub(
            lambda found, place=source: (place.parent / found[1]).read_text(encoding="utf-8"), text
        )
        (Path(app.outdir) / f"{name}.md").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register what the documentation needs: the first three before napoleon (500), the fourth after it."""
    app.connect("build-finished", _publish_markdown)
    app.connect("autodoc-process-docstring", _keep_drawings, priority=50)
    app.connect("autodoc-process-docstring", _from_markdown, priority=100)
    app.connect("autodoc-process-docstring", _hide_colons, priority=200)
    app.connect("autodoc-process-docstring", _show_colons, priority=900)
    app.connect("autodoc-process-signature", _readable_signatures)
