"""What is measured of workers, forwarders and hubs: one list, for Prometheus and for OpenTelemetry alike.

Names and units are as OpenTelemetry has them: dots between words, units of UCUM, braces around what is counted.
Prometheus' names follow from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from impactive_async.errors import HubError
from impactive_async.hub import HubStatus
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.shown import Shown

Values: TypeAlias = Mapping[Any, float]
"""By label; by several labels where a series has several; under `()` where it has none."""


@frozen(eq=False)
class Series:
    """One thing that is measured.

    Attributes:
        source: What is asked for its values.
        name: As in `impactive.worker.polls`.
        unit: `s`, or what is counted, in braces.
        says: In words.
        labels: Their names.
        read: Returns its values now.
        rises: Whether it is a counter.
    """

    source: Literal["worker", "lists", "forwarder", "hub", "engine"]
    name: str
    unit: str
    says: str
    labels: tuple[str, ...]
    read: Callable[[Any], Values]
    rises: bool = False

    @property
    def prometheus(self) -> str:
        """Its name for Prometheus, without the `_total` of a counter."""
        return self.name.replace(".", "_") + ("_seconds" if self.unit == "s" else "")

    def values(self, shown: Shown, hub: HubStatus | HubError | None) -> Iterator[tuple[tuple[str, ...], float]]:
        """Return each value with its labels; none where there is nothing to ask.

        Args:
            shown: The process.
            hub: What the engine has said last.
        """
        asked = {
            "worker": shown.activity,
            "lists": shown.view.lists.latest if shown.activity else None,
            "forwarder": shown.deliveries,
            "hub": hub if isinstance(hub, HubStatus) else None,
            "engine": hub if hub is not None else HubError("nobody has asked yet"),
        }[self.source]
        if asked is not None:
            for labels, value in dict(self.read(asked)).items():  # a copy, as other threads read too
                yield ((labels,) if isinstance(labels, str) else labels), value


DURATION: Final = "impactive.forward.delivery.duration"
"""The name of the one histogram: how long deliveries took, by `destination`, in seconds."""
DURATION_SAYS: Final = "How long a delivery took, from the request to the answer."


def _feeds(hub: HubStatus) -> Values:
    return {
        "all": hub.feeds,
        "leased": hub.leased,
        "due": hub.due,
        "failing": hub.failing,
        "dead": hub.dead_count,
        "paused": hub.paused_count,
    }


def _troubles(activity: Activity) -> Values:
    return dict.fromkeys(activity.troubles, 1)


def _failing(deliveries: ForwardActivity) -> Values:
    return {name: int(one.state in ("failing", "gone")) for name, one in dict(deliveries.destinations).items()}


def _delivered(deliveries: ForwardActivity) -> Values:
    known = {name: one.last_delivery for name, one in dict(deliveries.destinations).items()}
    return {name: at for name, at in known.items() if at is not None}


def _backlog(hub: HubStatus) -> Values:
    return {group.name: group.behind for group in hub.groups if group.behind is not None}


def _oldest(hub: HubStatus) -> Values:
    return {group.name: group.oldest or 0.0 for group in hub.groups}


SERIES: Final = (
    Series(
        "worker",
        "impactive.worker.polls",
        "{poll}",
        "Polls of this worker: committed, failed, or fenced because they came too late.",
        ("kind", "outcome"),
        lambda activity: activity.polls,
        rises=True,
    ),
    Series(
        "worker",
        "impactive.worker.gaps",
        "{gap}",
        "Gaps found: rows out of the API's reach.",
        ("kind", "gap"),
        lambda activity: activity.gaps,
        rises=True,
    ),
    Series(
        "worker",
        "impactive.worker.events",
        "{event}",
        "Events committed.",
        ("kind",),
        lambda activity: activity.events,
        rises=True,
    ),
    Series(
        "worker",
        "impactive.worker.last_poll.timestamp",
        "s",
        "When a poll was last committed, in seconds since 1970.",
        ("kind",),
        lambda activity: activity.last_poll,
    ),
    Series(
        "lists",
        "impactive.worker.complete_until.timestamp",
        "s",
        "Up to when every list of the kind is complete, whoever polls it, in seconds since 1970.",
        ("kind",),
        lambda lists: lists.until,
    ),
    Series(
        "lists",
        "impactive.worker.unread_lists",
        "{list}",
        "Lists of the hub of which is not known up to when they are complete, as they were not read yet.",
        ("kind",),
        lambda lists: lists.unknown,
    ),
    Series(
        "worker",
        "impactive.worker.lateness",
        "s",
        "How late behind their own timestamps rows became visible, at the most.",
        ("kind",),
        lambda activity: activity.lateness,
    ),
    Series(
        "worker",
        "impactive.worker.sequence.last_poll.timestamp",
        "s",
        "As impactive.worker.last_poll.timestamp, for each sequence; only if it was asked for.",
        ("kind", "sequence"),
        lambda activity: activity.sequences.last_poll,
    ),
    Series(
        "worker",
        "impactive.worker.sequence.complete_until.timestamp",
        "s",
        "Up to when the list of a sequence is complete, in seconds since 1970; only if it was asked for.",
        ("kind", "sequence"),
        lambda activity: activity.sequences.complete_until,
    ),
    Series(
        "worker",
        "impactive.worker.trouble",
        "{step}",
        "1 for each step of the worker that fails now.",
        ("step",),
        _troubles,
    ),
    Series(
        "forwarder",
        "impactive.forward.deliveries",
        "{attempt}",
        "Attempts to deliver: delivered, failed, or dead: the last one of an event that was given up.",
        ("destination", "outcome"),
        lambda deliveries: deliveries.attempts,
        rises=True,
    ),
    Series(
        "forwarder",
        "impactive.forward.failing",
        "{destination}",
        "1 for a destination whose last attempt failed, or that wants no more messages.",
        ("destination",),
        _failing,
    ),
    Series(
        "forwarder",
        "impactive.forward.last_delivery.timestamp",
        "s",
        "When a destination last accepted an event, in seconds since 1970.",
        ("destination",),
        _delivered,
    ),
    Series(
        "engine",
        "impactive.hub.up",
        "{hub}",
        "Whether the hub's engine has answered.",
        (),
        lambda hub: {(): int(isinstance(hub, HubStatus))},
    ),
    Series(
        "hub",
        "impactive.hub.feeds",
        "{feed}",
        "Feeds by state; a failing feed may be due or leased too.",
        ("state",),
        _feeds,
    ),
    Series(
        "hub",
        "impactive.hub.lag",
        "s",
        "How long the most overdue feed has waited.",
        (),
        lambda hub: {(): hub.lag},
    ),
    Series(
        "hub",
        "impactive.hub.gaps",
        "{gap}",
        "Gaps of all feeds since they were added.",
        (),
        lambda hub: {(): hub.gaps},
    ),
    Series(
        "hub",
        "impactive.hub.log_events",
        "{event}",
        "Events in the log.",
        (),
        lambda hub: {(): hub.events},
    ),
    Series(
        "hub",
        "impactive.hub.permit_wait",
        "s",
        "Until the next permit for a request.",
        (),
        lambda hub: {(): hub.rate_wait},
    ),
    Series(
        "hub",
        "impactive.hub.group.backlog",
        "{event}",
        "Events that it has not acknowledged.",
        ("group",),
        _backlog,
    ),
    Series(
        "hub",
        "impactive.hub.group.oldest_age",
        "s",
        "How long ago the oldest event was logged that it has not acknowledged.",
        ("group",),
        _oldest,
    ),
    Series(
        "hub",
        "impactive.hub.group.in_flight",
        "{event}",
        "Events under way.",
        ("group",),
        lambda hub: {group.name: group.in_flight for group in hub.groups},
    ),
    Series(
        "hub",
        "impactive.hub.group.dead_letters",
        "{event}",
        "Events given up.",
        ("group",),
        lambda hub: {group.name: group.dead_letters for group in hub.groups},
    ),
)
