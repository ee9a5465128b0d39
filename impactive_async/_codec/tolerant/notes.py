"""Who is told of what was read although the contract does not have it so."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


class Notes:
    """What reading one answer told beside its value. In a block of it, answers are read tolerantly.

    Each call makes one: an object of its own for the block would cost a tiny call one per cent.

    Attributes:
        deviate: Called with the name of each deviation from the contract. It raises `DecodeError` where none is
            allowed.
        numeric: Nouns whose ids are numbers; what is found is added.
        more: Whether the answer says that the list has rows which it does not show.
    """

    __slots__ = ("_token", "deviate", "more", "numeric")

    def __init__(self, deviate: Callable[[str], None], numeric: set[str] | None = None) -> None:
        self.deviate = deviate
        self.numeric = set[str]() if numeric is None else numeric
        self.more = False

    def __enter__(self) -> None:
        self._token = _CURRENT.set(self)

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)


_CURRENT: ContextVar[Notes | None] = ContextVar("impactive_async_notes", default=None)


def current() -> Notes | None:
    """Return the notes of the answer that is being read; `None` where only the contract's shape is accepted."""
    return _CURRENT.get()


class Strictly:
    """In a block of it, only the contract's shape is accepted."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _CURRENT.set(None)

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)


def noting(notes: Notes | None) -> Notes | Strictly:
    """Return the block in which answers are read: tolerantly, with these notes, or (`None`) strictly."""
    return Strictly() if notes is None else notes
