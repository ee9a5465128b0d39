"""Who is told of what was read although the contract does not have it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar

from impactive_async._codec.tolerant.markers import link_says_more


class Notes:
    """What reading one answer told beside its value. In a block of it, answers are read tolerantly.

    Each call makes one: an object of its own for the block would cost a tiny call one per cent.

    Attributes:
        deviate: Called with the name of each deviation from the contract. It raises `DecodeError` where none is
            allowed.
        method: The verb of the request.
        numeric: Nouns whose ids are numbers; what is found is added.
    """

    __slots__ = ("_headers", "_more", "_token", "deviate", "method", "numeric")

    def __init__(
        self,
        deviate: Callable[[str], None],
        numeric: set[str] | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "",
    ) -> None:
        self.deviate = deviate
        self.method = method
        self.numeric = set[str]() if numeric is None else numeric
        self._headers = headers
        self._more = False

    @property
    def more(self) -> bool:
        """Whether the answer says, in its body or by `Link`, that the list has rows which it does not show."""
        headers = self._headers  # only a list looks into them: a tiny call has no time for it
        return self._more or (headers is not None and "Link" in headers and link_says_more(headers["Link"]))

    @more.setter
    def more(self, told: bool) -> None:
        self._more = told

    def __enter__(self) -> None:
        self._token = NOTES.set(self)

    def __exit__(self, *_: object) -> None:
        NOTES.reset(self._token)


def unheard(_: str) -> None:
    """Tell nobody of a deviation, because somebody else does, or nobody listens."""


NOTES: ContextVar[Notes | None] = ContextVar("impactive_async_notes", default=None)
"""The notes of the answer that is being read."""


def current() -> Notes | None:
    """Return the notes of the answer that is being read; `None` where only the contract's shape is accepted."""
    return NOTES.get()


class Strictly:
    """In a block of it, only the contract's shape is accepted."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = NOTES.set(None)

    def __exit__(self, *_: object) -> None:
        NOTES.reset(self._token)


def noting(notes: Notes | None) -> Notes | Strictly:
    """Return the block in which answers are read: tolerantly, with these notes, or (`None`) strictly."""
    return Strictly() if notes is None else notes
