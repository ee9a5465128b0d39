"""The counts of a feed."""

import logging
from datetime import UTC, datetime

import attrs

from impactive_async.errors import APIError

_log = logging.getLogger("impactive_async.feed")


@attrs.define(kw_only=True)
class FeedStats:
    """What a feed, or a `crm.watch`, has done since it was made."""

    polls: int = 0
    rows: int = 0
    """Rows delivered."""
    copies: int = 0
    """Emails not delivered again that the list of another sequence had shown, for `crm.watch`."""
    gaps: int = 0
    """Gaps reported."""
    bad_rows: int = 0
    """Rows that could not be read."""
    errors: int = 0
    """Polls that failed and were tried again."""
    denied: int = 0
    """Lists that `crm.watch` follows without success at present, because the key may not read them (403)."""
    rows_behind: int = 0
    """Rows, gaps and bad rows that were fetched and are not handled yet."""
    last_success: datetime | None = None
    """When the last page came, by this machine's clock; in UTC."""
    last_error: str | None = None
    """Why the last poll that failed has failed; polls that succeed leave it."""
    last_error_at: datetime | None = None
    """When that was, by this machine's clock; in UTC."""
    next_in: float = 0.0
    """Seconds from the last poll to the next; 0 for `crm.watch`, whose feeds differ."""

    def poll_succeeded(self) -> None:
        """Count a poll that brought a page."""
        self.polls += 1
        self.last_success = datetime.now(UTC)

    def note_error(self, error: Exception) -> None:
        """Note why a poll failed."""
        self.last_error, self.last_error_at = f"{type(error).__name__}: {error}", datetime.now(UTC)

    def poll_failed(self, feed: str, error: APIError, wait: float) -> float:
        """Log and count a failed poll; return `wait`, the seconds until it is tried again."""
        self.errors += 1
        self.note_error(error)
        _log.warning("%s: poll failed, tried again in %.1f s: %s", feed, wait, error)
        return wait
