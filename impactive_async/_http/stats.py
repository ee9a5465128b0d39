"""The counts that a client keeps of itself."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class ClientStats:
    """What a client has done since it was made, and what it is doing now."""

    requests: int
    """Requests sent, or tried to be, repetitions included."""
    retries: int
    """Repetitions among them."""
    rate_limited: int
    """How often a 429 made the client wait."""
    failures: int
    """Calls that ended in an error."""
    in_flight: int
    """Requests under way now."""
    waiting: int
    """Calls waiting now for a place (`max_concurrency`), for `rate_limit` or for the end of a pause."""
    deviations: Mapping[str, int] = attrs.field(factory=dict)
    """How often answers were read that are not as the contract has them, by kind (docs/deviations)."""
    cancelled_writes: int = 0
    """Writes that were cancelled, or cut off by `aclose`, under way. The server may have carried them out."""
