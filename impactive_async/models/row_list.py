"""`RowList`: what list methods return."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from impactive_async.models.gap import Gap

T = TypeVar("T")


class RowList(list[T]):
    """The rows of a list answer: a list that knows whether it may be only a part.

    Attributes:
        truncated: Whether the API may have more rows than these: there are as many as it shows at the most, or the
            answer says that there are more. A sum over them may be wrong then.
        gap: After `list_all`, the time in which rows may be missing; `None`: none are, or it is not known where.
    """

    __slots__ = ("gap", "truncated")

    def __init__(self, rows: Iterable[T] = (), *, truncated: bool = False, gap: Gap | None = None) -> None:
        super().__init__(rows)
        self.truncated = truncated
        self.gap = gap
