"""Errors of everything but requests: set-up, arguments, feeds, hubs, cursors and journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.errors.root import ImpactiveError, redact

if TYPE_CHECKING:
    from impactive_async.models.gap import Gap


class ConfigurationError(ImpactiveError):
    """The client was set up or used wrongly: a malformed key or base URL, a closed client, another event loop.

    Nothing was sent.
    """


class InvalidArgumentError(ImpactiveError, ValueError):
    """An argument that can never be right: an empty id, a naive datetime, a number out of its range.

    Nothing was sent. Calling again with the same argument fails again. A service that passes on its callers'
    arguments should answer with 422.
    """

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


class FeedGapError(ImpactiveError):
    """Rows between two moments may be missing, because the API no longer shows them.

    Iterating the feed again continues after the gap, which stays recorded in the cursor.

    Attributes:
        gap: The feed, the kind of gap, and the moments between which rows may be missing.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap)
        self.gap = gap

    def __str__(self) -> str:
        after = self.gap.after.isoformat() if self.gap.after else "the beginning"
        before = self.gap.before.isoformat() if self.gap.before else "now"
        return (
            f"feed {self.gap.feed!r} has a gap of kind {self.gap.kind!r}: rows after {after} and up to {before} "
            "may be missing, because more of them changed between two polls than the API lists. Poll more often "
            "(interval=), compare with a full export, or pass on_gap='continue' to carry on without an exception."
        )


class HubError(ImpactiveError):
    """The engine of a hub could not be reached, or refused.

    Every method of a hub may be called again: a commit that was carried out before is recognised.
    """


class FencedError(ImpactiveError):
    """Another worker has taken this feed over since it was claimed. Nothing was committed."""


class CursorError(ImpactiveError):
    """A stored cursor is damaged, of a newer version, or of another feed. It was left unchanged."""


class JournalError(ImpactiveError):
    """A bulk journal is in use by another process, damaged, or belongs to another input or workspace.

    Nothing was sent, and the file was left unchanged.
    """
