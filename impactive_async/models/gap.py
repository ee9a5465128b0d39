"""A stretch of a feed whose rows may be missing."""

from datetime import datetime
from typing import Literal

from attrs import frozen


@frozen
class Gap:
    """Rows of `feed` stamped from `after` to `before`, both inclusive, may never be delivered.

    The lists are newest-first and capped and have no page token, so no `since` can reach them afterwards.

    Attributes:
        feed: The feed's name, such as ``sequences/42/replies``.
        kind: ``overflow``: more rows than the server's cap arrived since the last poll.
            ``lookback``: only rows stamped before the newest handled one can be missing: those that became visible
            late, or were stamped by a server's clock that had jumped back.
            ``history``: the feed's first page was full; older rows exist that this API no longer shows.
        after: The oldest timestamp in doubt, aware UTC; `None` when there is no lower bound.
        before: The newest timestamp in doubt, aware UTC; `None` when there is no upper bound.
    """

    feed: str
    kind: Literal["history", "overflow", "lookback"]
    after: datetime | None
    before: datetime | None
