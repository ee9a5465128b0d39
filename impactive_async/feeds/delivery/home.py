"""Cursors know the workspace that they belong to, so that two of them in one store do not silence each other."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from impactive_async._codec.json_bytes import StoredJson
from impactive_async._http.settings import Home, TellHome
from impactive_async.errors import CursorError

_log = logging.getLogger("impactive_async.feed")

_FIRST: Final = '{"server":'
"""How a text begins that names its server: most are recognised by it without being parsed."""
_FIELDS: Final = ("server", "keymark", "workspace")
"""What a text may begin with, in this order."""
_DECODER: Final = json.JSONDecoder()


def with_home(text: str, home: Home | None) -> str:
    """Return the text of a cursor with where it belongs; without a home as it is."""
    if home is None:
        return text
    known = zip(_FIELDS, (home.server, home.key_mark, home.workspace), strict=True)
    fields = [f'"{name}":{json.dumps(value)},' for name, value in known if value is not None]
    return "".join(("{", *fields, text[1:]))


def without_home(text: str) -> str:
    """Return the text of a cursor without where it belongs."""
    return "{" + _split(text)[1] if text.startswith(_FIRST) else text


def with_home_of(text: str, saved: str) -> str:
    """Return the text of a cursor with where another one belongs, whatever stands before that one's place."""
    document = json.loads(saved)
    fields = [f'"{name}":{json.dumps(document[name])},' for name in _FIELDS if name in document]
    return "".join(("{", *fields, text[1:]))


def _split(text: str) -> tuple[dict[str, Any], str]:
    """Return where a cursor belongs, and the rest of its text without the first brace."""
    found, rest = {}, text[1:]
    for name in _FIELDS:
        if rest.startswith(start := f'"{name}":'):
            found[name], end = _DECODER.raw_decode(rest, len(start))
            rest = rest[end + 1 :]
    return found, rest


async def learn_workspace(home: Home | None, saved: StoredJson | None, tell_home: TellHome | None) -> None:
    """Learn which workspace the client's cursors are of, if that is needed to tell whether a saved one is.

    The cursor tells it, if the same key has saved it. If another key has, the server is asked, once a client.
    """
    if home is None or home.workspace is not None or home.asked or tell_home is None or saved is None:
        return
    server, mark, workspace = _home_of(saved)
    if workspace is None or server != home.server:
        return
    if mark == home.key_mark is not None:
        home.workspace = workspace
        return
    async with home.lock:
        if not home.asked:
            await tell_home()
            home.asked = True


def check_home(saved: StoredJson, home: Home | None) -> bool:
    """Refuse a cursor of another server or workspace; a cursor of an old version does not say.

    Where the workspace is not known, another key is a warning, once: it may be a new key of the same workspace.

    Returns:
        Whether the cursor is certainly of this workspace, or does not say.

    Raises:
        CursorError: It belongs to another server or workspace.
    """
    if home is None:
        return True
    server, mark, workspace = _home_of(saved)
    if server not in (None, home.server):
        raise CursorError(
            f"The cursor was saved over {server!r}, and this client is of {home.server!r}: rows of this workspace "
            "would be missed. Give each workspace a store, or each feed a key=, of its own. If it is the same "
            "workspace under a new address, delete the cursor to start anew (rows will be delivered again), or "
            'write the new address into its field "server".'
        )
    if None not in (workspace, home.workspace):
        if workspace != home.workspace:
            raise CursorError(
                f"The cursor was saved for workspace {workspace!r}, and this key is of {home.workspace!r}: rows "
                "of this workspace would be missed. Give each workspace a store, or each feed a key=, of its own."
            )
        return True
    if None in (mark, home.key_mark) or mark == home.key_mark:
        return True
    if not home.told:
        home.told = True
        _log.warning(
            "cursors were saved with another API key. If that key is of another workspace, rows are missed: give "
            "each workspace a store of its own. If it is a new key of the same workspace, all is well."
        )
    return False


def _home_of(saved: Any) -> tuple[Any, Any, Any]:
    """Return server, mark of the key, and workspace that a cursor names; `None` for what it does not."""
    if isinstance(saved, Mapping):
        return saved.get("server"), saved.get("keymark"), saved.get("workspace")
    if not isinstance(saved, str | bytes | bytearray | memoryview):  # whoever reads it says what is wrong
        return None, None, None
    text = saved if isinstance(saved, str) else bytes(saved).decode("utf-8", "replace")
    try:
        found = _split(text)[0] if text.startswith(_FIRST) else json.loads(text) if '"server"' in text else {}
    except ValueError:  # the same
        found = {}
    return _home_of(found) if isinstance(found, Mapping) else (None, None, None)
