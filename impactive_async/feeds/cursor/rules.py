"""How a list behaves, and where a feed over it starts."""

import enum
from typing import Final

from attrs import field, frozen, validators

from impactive_async.feeds.cursor import timestamps


class Now(enum.Enum):
    """The type of `NOW`."""

    NOW = "NOW"


NOW: Final = Now.NOW
"""Start a feed with what comes after this moment. What the first page shows is not delivered."""


@frozen(kw_only=True)
class Rules:
    """How one list behaves.

    Attributes:
        timestamp: Wire name of the field that `since` is compared with.
        overlap: How late, in microseconds, a row may become visible behind its own timestamp.
        cap: The most rows a page can have; `None` when unknown (A7).
        id: Wire name of the id.
        immutable: Whether a row never changes. Then each id is delivered once, otherwise each `(id, timestamp)`.
        tick: The precision of timestamps in microseconds. A coarser one is learnt from the rows.
        unproven: Whether a saved cursor may be of another workspace, because another key has saved it.
    """

    timestamp: str
    overlap: int = field(validator=validators.ge(0))
    cap: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    id: str = "id"
    immutable: bool = False
    tick: int = field(default=timestamps.MILLISECOND, validator=validators.ge(1))
    unproven: bool = False

    @property
    def identity(self) -> str:
        """The part of the rules that a saved cursor must have been saved under. The other rules may change."""
        return f"{self.id},{self.timestamp},{'immutable' if self.immutable else 'mutable'}"
