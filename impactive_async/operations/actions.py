"""What people do with a hub on a worker's page: each says first what will happen, and then what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from impactive_async.errors import HubError, ImpactiveError, InvalidArgumentError
from impactive_async.hub import FeedStatus, Hub
from impactive_async.hub.steering.steering import unknown_feed
from impactive_async.hub.worker.bounds import within

PATIENCE: Final = 10.0
"""Seconds that the engine has for an action."""
HOURS: Final = (1, 2, 6, 12, 24, 72, 168)
"""By how much a feed can be rewound on the page."""


@frozen
class AskedAction:
    """What a form asks for."""

    action: str
    feed: str = ""
    group: str = ""
    position: str = ""
    """Of one dead letter; empty: all of the group."""
    hours: int = 0
    since: datetime | None = None
    """To when a feed is rewound, once that was said and agreed to."""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> AskedAction:
        """Read a form.

        Raises:
            InvalidArgumentError: It is none of ours.
        """
        if form.get("action") not in ACTIONS:
            raise InvalidArgumentError("there is no such action")
        try:
            hours = int(form.get("hours") or 0)
            since = datetime.fromisoformat(form["since"]) if form.get("since") else None
        except ValueError:
            raise InvalidArgumentError("the form cannot be read") from None
        if hours not in (0, *HOURS) or (since is not None and since.tzinfo is None):
            raise InvalidArgumentError("the form cannot be read")
        texts = {name: form.get(name, "").strip() for name in ("action", "feed", "group", "position")}
        return cls(**texts, hours=hours, since=since)

    @property
    def what(self) -> str:
        """What is acted upon, in a word."""
        return self.feed or self.group

    def moment(self) -> datetime:
        """Return to when a feed is rewound."""
        return self.since or datetime.now(UTC).replace(microsecond=0) - timedelta(hours=self.hours)


@frozen(kw_only=True)
class Done:
    """An action that was taken on the page."""

    at: float
    """Seconds since 1970."""
    action: str
    what: str
    outcome: str


async def carry_out(hub: Hub, asked: AskedAction) -> str:
    """Do what is asked for, and say what came of it.

    It is a sentence too when it was refused, or when the engine does not answer.
    """
    try:
        return await within(PATIENCE, lambda: ACTIONS[asked.action](hub, asked))
    except HubError as error:
        return f"It is not known whether this was done: {error}"
    except ImpactiveError as error:
        return f"Nothing was changed: {error}"


async def plan(hub: Hub, asked: AskedAction) -> str | None:
    """Say what will happen; None for what needs no question, as it takes nothing from anybody.

    Raises:
        ImpactiveError: It would be refused, or the engine does not answer.
    """
    if asked.action == "rewind":
        return await within(PATIENCE, lambda: _plan_rewind(hub, asked))
    if asked.action == "replay":
        which = "All dead letters" if not asked.position else "The dead letter"
        return f"{which} of {asked.group} will be delivered again, with all their tries."
    return None


async def _plan_rewind(hub: Hub, asked: AskedAction) -> str:
    found = await hub.rewind(asked.feed, asked.moment(), dry_run=True)
    reached = found.before.frontier if found.before else None
    return (
        f"{asked.feed} has come to {_said(reached)}. It will be polled again from {_said(asked.moment())} on: "
        "events that the log has no more come again, with the same ids; those in the log are not logged twice."
    )


async def _poll_now(hub: Hub, asked: AskedAction) -> str:
    found = await _found(hub, asked.feed)
    if not await hub.poll_now(asked.feed):
        raise InvalidArgumentError(f"it is {found.state}, and polled by nobody")
    return "It is polled once more after the poll under way." if found.leased else "It is due now."


async def _pause(hub: Hub, asked: AskedAction) -> str:
    found = await _found(hub, asked.feed)
    if not await hub.pause(asked.feed):
        raise InvalidArgumentError(f"it is {found.state} already")
    return f"It is paused.{' A worker finishes the poll under way.' if found.leased else ''}"


async def _resume(hub: Hub, asked: AskedAction) -> str:
    found = await _found(hub, asked.feed)
    if not await hub.resume(asked.feed):
        raise InvalidArgumentError(f"it is not paused, but {found.state}")
    return "It is due now."


async def _revive(hub: Hub, asked: AskedAction) -> str:
    found = await _found(hub, asked.feed)
    if not await hub.revive(asked.feed):
        raise InvalidArgumentError(f"it is not dead, but {found.state}")
    return "It is due now."


async def _rewind(hub: Hub, asked: AskedAction) -> str:
    done = await hub.rewind(asked.feed, asked.moment())
    return f"It asks for everything since {_said(done.after.floor if done.after else None)}."


async def _replay(hub: Hub, asked: AskedAction) -> str:
    if asked.group not in {group.name for group in await hub.groups()}:
        raise InvalidArgumentError(f"the hub has no group {asked.group!r}")
    count = await hub.replay(asked.group, [asked.position] if asked.position else None)
    return f"{count:,} dead letters are delivered again."


async def _found(hub: Hub, feed: str) -> FeedStatus:
    found = await hub.feed(feed)
    if found is None:
        raise unknown_feed(feed)
    return found


def _said(when: datetime | None) -> str:
    return "nothing" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


ACTIONS: Final[Mapping[str, Callable[[Hub, AskedAction], Awaitable[str]]]] = {
    "poll-now": _poll_now,
    "pause": _pause,
    "resume": _resume,
    "revive": _revive,
    "rewind": _rewind,
    "replay": _replay,
}
