"""The files of the console, and the headers they are served with."""

from functools import cache
from importlib.resources import files
from typing import Final

from aiohttp import web

__all__ = ["console_file", "is_console"]

_UI: Final = "/ui"
_FILES: Final = {
    "": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript")
        for name in ("app", "dom", "control", "clock", "moments", "views/overview", "views/people", "views/thread")
    },
    **{
        f"/views/{name}.js": (f"views/{name}.js", "text/javascript")
        for name in ("sequences", "faults", "requests")
    },
}
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Text that a row holds is never markup: the page builds no HTML from text, and this forbids what would run."""


def is_console(path: str) -> bool:
    """Whether a path below the control API's prefix is one of the console's."""
    return path == _UI or path.startswith(_UI + "/")


def console_file(path: str) -> web.Response | None:
    """Return the answer to a GET of such a path; `None`: there is no such file."""
    if path == _UI + "/":
        return web.Response(status=308, headers={"Location": "../ui"})
    found = _FILES.get(path.removeprefix(_UI))
    if found is None:
        return None
    name, kind = found
    return web.Response(body=_content(name), content_type=kind, charset="utf-8", headers=_HEADERS)


@cache
def _content(name: str) -> bytes:
    return (files(__package__) / "static" / name).read_bytes()
