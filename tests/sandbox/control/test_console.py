"""The console is one page of plain modules, beside the control API; a browser tries it in `tests/evidence`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest

from impactive_async.sandbox import Sandbox

STATIC = Path(str(files("impactive_async.sandbox.console"))) / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.*"))


@pytest.fixture
async def page() -> AsyncIterator[aiohttp.ClientSession]:
    async with Sandbox(control_token="word") as sandbox, aiohttp.ClientSession(sandbox.url) as session:
        yield session


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served(page: aiohttp.ClientSession, name: str) -> None:
    """Also where a token is needed: the files hold nothing of the workspace."""
    path = "/_sandbox/ui" if name == "index.html" else f"/_sandbox/ui/{name}"
    async with page.get(path) as answer:
        assert answer.status == 200
        assert await answer.read() == (STATIC / name).read_bytes()
        kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
        assert answer.content_type == kinds[name.rpartition(".")[2]]
        assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_only_its_files_are_served(page: aiohttp.ClientSession) -> None:
    """Nothing else of the disk, and data for nobody without the token; a slash at the end is no other page."""
    for path in ("/_sandbox/ui/none.js", "/_sandbox/ui/..%2f__init__.py", "/_sandbox/ui/index.html"):
        async with page.get(path) as answer:
            assert answer.status == 404
    async with page.get("/_sandbox/ui/") as answer:
        assert (answer.status, answer.url.path) == (200, "/_sandbox/ui")
    async with page.get("/_sandbox/threads") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".css")])
def test_no_file_makes_markup_of_text_or_asks_another_host(name: str) -> None:
    """Text of rows becomes text nodes; there is no build step and no content network."""
    text = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b", text)
    assert not re.search(r"https?://|\sstyle=|\son\w+=\"", text)
