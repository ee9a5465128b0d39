"""What all pages have: head and foot, texts of strangers made harmless, a file that appears whole."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from impactive_async._version import __version__
from impactive_async.pages.texts import plain

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


def write_page(path: Path, page: str) -> None:
    """Write a page; one that is there is replaced when the new one is complete.

    Raises:
        OSError: It cannot be written. The error names `path`.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(page, encoding="utf-8", errors="replace")
        unfinished.replace(path)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
