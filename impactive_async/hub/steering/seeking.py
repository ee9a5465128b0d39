"""Moving a consumer group to another place in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from attrs import frozen

from impactive_async.errors import InvalidArgumentError

SoughtRow: TypeAlias = Sequence[Any]
"""Whether the hub has the group, whether its log has the event, and then position, events, skipped."""


@frozen(kw_only=True)
class Sought:
    """A consumer group that was moved in the log, or would be.

    Attributes:
        group: Its name.
        position: The place of the event that it gets next, as the engine counts; None: the log has none yet.
        events: How many events the log has from there on. The group gets them all, whether it had them or not.
        skipped: How many events before there it has not acknowledged, and will never get. Dead letters are not
            among them: those before that place stay dead letters.
    """

    group: str
    position: str | None
    events: int
    skipped: int


def sought(group: str, event: str | None, row: SoughtRow) -> Sought:
    """Return an engine's row as a value.

    Raises:
        InvalidArgumentError: The hub does not have the group, or its log not the event.
    """
    has_group, has_event, position, events, skipped = row
    if not has_group:
        raise InvalidArgumentError(f"The hub has no group {group!r}; `impactive hub groups` lists them.")
    if not has_event:
        raise InvalidArgumentError(f"The log has no event {event!r}: it was never logged, or it was trimmed.")
    return Sought(group=group, position=position or None, events=int(events), skipped=int(skipped))
