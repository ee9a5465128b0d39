"""The id of a created row, from the `Location` header of an answer whose body does not tell it."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import unquote, urlsplit

from impactive_async._http.wire import Request, Response, is_custom

_LONGEST: Final = 4096  # bytes of a body that is no JSON which are kept


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
