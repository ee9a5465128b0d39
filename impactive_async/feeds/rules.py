"""How a list behaves, and where a feed over it starts."""

import enum
from typing import Final

from attrs import field, frozen, validators

from impactive_async.feeds import timestamps


class Now(enum.Enum):
    """The type of `NOW`."""

    NOW = "NOW"


NOW: Final = Now.NOW
"""Start a feed with what comes after this moment: the first page only tells what is already there."""


@frozen(kw_only=True)
class Rules:
    """How one list behaves.

    Attributes:
        timestamp: Wire name of the field that `since` is compared with.
        overlap: How late, in microseconds, a row may become visible behind its own timestamp.
        cap: The most rows a page can have; `None` when unknown (A7).
        id: Wire name of the id.
        immutable: A row never changes: one id is delivered once. Otherwise each `(id, timestamp)` is.
        tick: Declared precision in microseconds; a coarser one is learnt from the rows.
    """

    timestamp: str
    overlap: int = field(validator=validators.ge(0))
    cap: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    id: str = "id"
    immutable: bool = False
    tick: int = field(default=timestamps.MILLISECOND, validator=validators.ge(1))

    @property
    def identity(self) -> str:
        """What a saved cursor must agree with; the overlap, the cap and the tick may be changed under it."""
        return f"{self.id},{self.timestamp},{'immutable' if self.immutable else 'mutable'}"
