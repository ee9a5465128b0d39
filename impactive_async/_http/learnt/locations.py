"""The id of a row whose answer does not tell it: a new one's from `Location`, an updated one's from the path."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import unquote, urlsplit

from impactive_async._http.wire import Request, Response, is_custom

_LONGEST: Final = 4096  # bytes of a body that is no JSON which are kept


def row_told_elsewhere(request: Request, response: Response) -> tuple[str, bytes] | None:
    """Return the body that an answer would have had if it told its row's id, and the deviation's name.

    `None`: it is neither told by a header nor known from the request.
    """
    located = row_by_location(request, response)
    if located is not None:
        return "row.location", located
    updated = row_by_path(request, response)
    return None if updated is None else ("row.of_update", updated)


def row_by_path(request: Request, response: Response) -> bytes | None:
    """Return the body that the answer of an update would have had if it told the id that was asked for.

    What the body does hold is kept. `None`: the answer is not that of an update, or it holds more than plain
    members, so that its row may be in it.
    """
    if not _is_of_one(request) or request.method == "GET" or response.body.lstrip()[:1] in (b"<", b"["):
        return None
    members = _members(response.body)
    if any(isinstance(value, dict | list) for value in members.values()) or _is_cut_off(members):
        return None
    return json.dumps({**members, "id": _id_of(request)}).encode()


def is_of_another(request: Request, row: object) -> bool:
    """Whether what came back from an update is another row than was updated."""
    row_id = getattr(row, "id", None)
    return isinstance(row_id, str) and _is_of_one(request) and row_id.casefold() != _id_of(request).casefold()


def _is_of_one(request: Request) -> bool:
    return request.template.rpartition("/")[2].startswith(":") and not is_custom(request)


def _id_of(request: Request) -> str:
    return unquote(request.path.partition("?")[0].rpartition("/")[2])


def _is_cut_off(members: dict[str, object]) -> bool:
    text = members.get("body")
    return isinstance(text, str) and text.lstrip()[:1] == "{"


def row_by_location(request: Request, response: Response) -> bytes | None:
    """Return the body that an answer would have had if it told the id that its `Location` names.

    What the body does hold is kept. `None`: the answer is not that of a create, it is an HTML page, or the header
    names no row of the list that was posted to.
    """
    before, _, row_id = urlsplit(response.headers.get("Location", "")).path.rpartition("/")
    nouns = request.bare_path.rpartition("/")[2]
    if request.method != "POST" or is_custom(request) or not row_id or before.rpartition("/")[2] != nouns:
        return None
    if response.body.lstrip()[:1] == b"<":
        return None
    return json.dumps({**_members(response.body), "id": unquote(row_id)}).encode()


def _members(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body) if body.strip() else {}
    except ValueError:
        value = body[:_LONGEST].decode("utf-8", "replace")
    return value if isinstance(value, dict) else {"body": value}
