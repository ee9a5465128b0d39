"""The answer before: a poll that brings the same bytes again brings nothing, and need not be read."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from impactive_async._codec.json_bytes import StoredJson, dumps
from impactive_async._codec.page import Rows, says_more
from impactive_async._http.caller import Answer
from impactive_async.feeds.cursor.page import Accepted, SnapshotRows

SMALL: Final = 1000
"""Bytes: a shorter body is read in no time."""
_BESIDE: Final = '"page":'
_HEAD: Final = 1000
"""Characters of a cursor within which its page is named."""
_DECODER: Final = json.JSONDecoder()


class Unchanged(enum.Enum):
    """The type of `UNCHANGED`."""

    UNCHANGED = "UNCHANGED"


UNCHANGED: Final = Unchanged.UNCHANGED
"""Stands for the page of an answer that is the one before."""


@attrs.frozen
class LastPage:
    """What this process remembers of an answer that brought nothing, or whose rows have all been handled since.

    Attributes:
        since: The `since` that it answered.
        etag: Its `ETag`; `None` if it had none.
        is_empty: Whether it had no rows.
        size: The length of its body in bytes; 0 if the body is not remembered.
        hash: Python's hash of its body, which is another one in each process.
    """

    since: str | None
    etag: str | None
    is_empty: bool
    size: int = 0
    hash: int = 0

    @classmethod
    def of(
        cls,
        since: str | None,
        answer: Answer[Any],
        rows: Rows | SnapshotRows,
        accepted: Accepted,
        *,
        cap: int | None,
    ) -> LastPage | None:
        """Return what to remember of a page that would bring nothing if it came again, whatever time passes.

        Of a page that may be cut off, that is not certain: rows of the future may hide others.

        Args:
            since: The `since` that it answers.
            answer: The answer.
            rows: Its rows.
            accepted: What the cursor made of it.
            cap: The fewest rows of a page that may be cut off; `None`: none is.

        Returns:
            `None` if there is nothing by which the page could be recognised.
        """
        more = rows.more if isinstance(rows, SnapshotRows) else says_more(rows)
        if accepted.gaps or accepted.bad or accepted.unasked or more or (cap is not None and len(rows) >= cap):
            return None
        # A page that brought rows is not likely to come again, and not worth a hash.
        hashed = not accepted.fresh and len(answer.body) >= SMALL
        if not hashed and answer.etag is None:
            return None
        marks = (len(answer.body), hash(answer.body)) if hashed else ()
        return cls(since, answer.etag, len(rows) == 0, *marks)

    def headers(self, since: str | None) -> Mapping[str, str]:
        """Return the headers that ask the server for nothing if nothing has changed."""
        return {} if self.etag is None or since != self.since else {"If-None-Match": self.etag}

    def is_answered_again(self, since: str | None, body: bytes) -> bool:
        """Whether an answer is this one again, to the byte."""
        return since == self.since and len(body) == self.size > 0 and hash(body) == self.hash


def with_page(cursor: str, last: LastPage | None) -> str:
    """Return the text of a cursor with the tag of its page, for a poll by another process."""
    if last is None or last.etag is None:
        return cursor
    return f"{{{_BESIDE}{dumps([last.since, last.etag, last.is_empty]).decode()},{cursor[1:]}"


def page_of_saved(cursor: StoredJson | None) -> LastPage | None:
    """Return what `with_page` has put beside a cursor; `None` if there is nothing."""
    match _saved(cursor):
        case [str() | None as since, str() as etag, bool() as is_empty]:
            return LastPage(since, etag, is_empty)
        case _:
            return None


def _saved(cursor: StoredJson | None) -> Any:
    if cursor is None or isinstance(cursor, Mapping):
        return cursor and cursor.get("page")
    text = cursor if isinstance(cursor, str) else bytes(cursor).decode("utf-8", "replace")
    place = text.find(_BESIDE, 0, _HEAD)
    try:
        return None if place < 0 else _DECODER.raw_decode(text[place + len(_BESIDE) :].lstrip())[0]
    except ValueError:  # whoever reads the cursor says what is wrong
        return None
