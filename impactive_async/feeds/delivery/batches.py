"""New rows in batches, for consumers that write many at once. A batch is handled as a whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import attrs

from impactive_async._checks import check_count, check_seconds
from impactive_async._clock import Clock

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class InHand(Protocol[T_co]):
    """A row or an event that is with the consumer."""

    @property
    def row(self) -> T_co:
        """What the consumer was given."""
        ...


class Acknowledged:
    """The result of an acknowledgement. It has taken effect already; awaiting this also saves the cursor."""

    __slots__ = ("_save",)

    def __init__(self, save: Callable[[], Awaitable[None]]) -> None:
        self._save = save

    def __await__(self) -> Generator[Any, None, None]:
        return self._save().__await__()


@attrs.frozen(kw_only=True)
class Hands(Generic[T]):
    """How rows get into the consumer's hand, and out of it.

    Attributes:
        take: Takes the next row. With a number, it waits for one no longer than these seconds, and returns `None`
            if none came.
        ack: Counts rows as handled.
        put_back: Delivers rows again.
        save: Saves the cursors of rows.
    """

    take: Callable[[float | None], Awaitable[InHand[T] | None]]
    ack: Callable[[Sequence[Any]], None]
    put_back: Callable[[Sequence[Any]], None]
    save: Callable[[Sequence[Any]], Awaitable[None]]


class FeedBatch(list[T]):
    """Rows of a feed, or events of `crm.watch`, that are handled together: a list.

    As a context manager it acknowledges them when the block is left without an error, and saves the cursor. If
    the block raises, they are delivered again, before any others: in the next batch, or after a restart.
    """

    def __init__(self, taken: Sequence[InHand[T]], hands: Hands[T]) -> None:
        super().__init__(one.row for one in taken)
        self._taken = taken
        self._hands = hands

    def ack(self) -> Acknowledged:
        """Count all of them as handled. `await batch.ack()` also saves the cursor."""
        self._hands.ack(self._taken)
        return Acknowledged(lambda: self._hands.save(self._taken))

    def __reduce__(self) -> tuple[type[list[T]], tuple[list[T]]]:
        """A copy, or what reaches another process, is a plain list: only the batch itself can be acknowledged."""
        return list, (list(self),)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.ack()
        else:
            self._hands.put_back(self._taken)


class FeedBatches(Generic[T]):
    """An async iterator of batches: `Feed.batches` and `WorkspaceWatch.batches` return it.

    Args:
        hands: Where the rows come from.
        most: How many make a batch full.
        within: Seconds after the first row of a batch in which others may join it.
        clock: What these are measured with.

    Raises:
        InvalidArgumentError: A number is out of range.
    """

    def __init__(self, hands: Hands[T], *, most: int, within: float, clock: Clock) -> None:
        self._hands = hands
        self._most = check_count(most, "max")
        self._within = check_seconds(within, "within")
        self._clock = clock

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedBatch[T]:
        taken: list[InHand[T]] = []
        try:
            await self._gather(taken)
        except Exception:
            if not taken:
                raise
            # Whatever it is, the next request for a batch meets it again. These rows come first.
        except BaseException:
            self._hands.put_back(taken)
            raise
        return FeedBatch(taken, self._hands)

    async def _gather(self, taken: list[InHand[T]]) -> None:
        ends = 0.0
        while len(taken) < self._most:
            left = max(0.0, ends - self._clock.monotonic()) if taken else None
            one = await self._hands.take(left)
            if one is None:
                return
            if not taken:
                ends = self._clock.monotonic() + self._within
            taken.append(one)
