"""Which handled versions lie before what a cursor asks for.

A page that was asked for without `since` shows them again. They are recognised by short digests, 8 characters for
each version. The oldest half is forgotten when there are more than a page can show.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from attrs import define

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.page import Arrival
from impactive_async.feeds.cursor.seen_versions import Entry, RowId

HELD: Final = 2
"""Versions in each half, as a multiple of what a page can show."""
_LENGTH: Final = 8
_BYTES: Final = _LENGTH * 6 // 8
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


@define
class Past:
    """The versions handled before `end`, as far back as `start`.

    Attributes:
        start: Older versions are not remembered. What is from before it may have been handled or not.
        end: Newer versions are not here: `SeenVersions` has them.
        newest: The timestamp of the newest version here.
        half: The moment from which the versions in `recent` suffice.
        old, recent: Digests, one after the other.
    """

    start: int = timestamps.BEGINNING
    end: int = timestamps.BEGINNING
    newest: int = timestamps.BEGINNING
    half: int = timestamps.BEGINNING
    old: str = ""
    recent: str = ""

    def remember(self, entries: Sequence[Entry], end: int, *, immutable: bool, most: int) -> None:
        """Take over all versions before `end`; forget the oldest if there are many times `most`."""
        if entries:
            self.newest = max(entries[-1][0], self.newest)
            parse = timestamps.parse
            self.recent += _text(_code(row_id, "" if immutable else parse(raw)) for _, row_id, raw in entries)
        self.end = max(self.end, end)
        if len(self.recent) > HELD * most * _LENGTH:
            self.start, self.half = self.half, self.end
            self.old, self.recent = self.recent, ""

    def go_back(self, low: int, now: int) -> None:
        """Draw bounds that a clock which was ahead has put behind `now` back to it; the oldest one to `low`."""
        self.start = self.start if self.start <= now else low
        self.half, self.end = min(self.half, now), min(self.end, now)

    def without(self, arrivals: Iterable[Arrival], *, immutable: bool) -> tuple[list[Arrival], list[Arrival]]:
        """Return those that are not remembered, and those that are."""
        members = digests_in(self.old + self.recent)
        if not members:
            return [*arrivals], []
        others: list[Arrival] = []
        remembered: list[Arrival] = []
        for arrival in arrivals:
            at, *_, ((row_id, _), _) = arrival
            known = (immutable or at <= self.newest) and digest(row_id, "" if immutable else at) in members
            (remembered if known else others).append(arrival)
        return others, remembered


def digest(row_id: RowId, moment: int | str) -> str:
    """Return 8 characters that stand for a version; for a row that never changes, `moment` is empty."""
    return _text([_code(row_id, moment)])


def _code(row_id: RowId, moment: int | str) -> bytes:
    return blake2b(f"{row_id!r}@{moment}".encode(), digest_size=_BYTES).digest()


def _text(codes: Iterable[bytes]) -> str:
    """Return codes as one text. Each takes `_LENGTH` characters of it, as its bits fill them."""
    return b2a_base64(b"".join(codes), newline=False).translate(_URL_SAFE).decode()


def digests_in(text: str) -> set[str]:
    """Return the digests that a text is made of."""
    return {text[place : place + _LENGTH] for place in range(0, len(text), _LENGTH)}
