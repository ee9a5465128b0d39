"""Cursors know the server that they belong to, so that two workspaces in one store do not silence each other."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from impactive_async._codec.json_bytes import StoredJson
from impactive_async._http.settings import Home
from impactive_async.errors import CursorError

_log = logging.getLogger("impactive_async.feed")

_FIRST: Final = '{"server":'
"""How a text begins that names its server: most are recognised by it without being parsed."""
_SECOND: Final = '"keymark":'
"""What may follow the server."""
_DECODER: Final = json.JSONDecoder()


def with_home(text: str, home: Home | None) -> str:
    """Return the text of a cursor with where it belongs; without a home as it is."""
    if home is None:
        return text
    mark = "" if home.key_mark is None else f"{_SECOND}{json.dumps(home.key_mark)},"
    return f"{_FIRST}{json.dumps(home.server)},{mark}{text[1:]}"


def without_home(text: str) -> str:
    """Return the text of a cursor without where it belongs."""
    if not text.startswith(_FIRST):
        return text
    _, end = _DECODER.raw_decode(text, len(_FIRST))
    rest = text[end + 1 :]
    if rest.startswith(_SECOND):
        _, end = _DECODER.raw_decode(rest, len(_SECOND))
        rest = rest[end + 1 :]
    return "{" + rest


def check_home(saved: StoredJson, home: Home | None) -> None:
    """Refuse a cursor that was saved over another server; a cursor of an old version does not say.

    Another key is a warning, once: it may be a new key of the same workspace.

    Raises:
        CursorError: It belongs to another server.
    """
    if home is None:
        return
    server, mark = _home_of(saved)
    if server not in (None, home.server):
        raise CursorError(
            f"The cursor was saved over {server!r}, and this client is of {home.server!r}: rows of this workspace "
            "would be missed. Give each workspace a store, or each feed a key=, of its own. If it is the same "
            "workspace under a new address, delete the cursor to start anew (rows will be delivered again), or "
            'write the new address into its field "server".'
        )
    if None not in (mark, home.key_mark) and mark != home.key_mark and not home.told:
        home.told = True
        _log.warning(
            "cursors were saved with another API key. If that key is of another workspace, rows are missed: give "
            "each workspace a store of its own. If it is a new key of the same workspace, all is well."
        )


def _home_of(saved: StoredJson) -> tuple[Any, Any]:
    if isinstance(saved, Mapping):
        return saved.get("server"), saved.get("keymark")
    text = saved if isinstance(saved, str) else bytes(saved).decode("utf-8", "replace")
    if not text.startswith(_FIRST) and '"server"' not in text:
        return None, None
    try:
        document = json.loads(text)
    except ValueError:  # whoever reads it says what is wrong
        return None, None
    return _home_of(document) if isinstance(document, Mapping) else (None, None)
