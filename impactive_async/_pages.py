"""What all pages of HTML have that the package writes: head and foot. Each is one file, and loads nothing."""

from __future__ import annotations

from html import escape
from typing import Final

from impactive_async._texts import plain
from impactive_async._version import __version__

_NOTHING_LOADED: Final = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, heading: str, style: str, body: str, *, foot: str = "") -> str:
    """Return a page.

    Args:
        title: Its title, as text.
        heading: Its heading, as HTML.
        style: Its style sheet.
        body: What follows the heading, as HTML.
        foot: A sentence in front of the version, as text.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(plain(title))}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_LOADED}">\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n{body}"
        f"<footer>{escape(foot)}impactive-async {__version__}</footer>\n</main>\n</body>\n</html>\n"
    )


def stranger(text: str) -> str:
    """Return what a stranger wrote as text: nothing in it is HTML, and it turns no direction but its own."""
    return f"<bdi>{escape(plain(text))}</bdi>"
