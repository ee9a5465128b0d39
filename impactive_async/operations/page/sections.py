"""What changes on the page: its sections, each of which says one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from attrs import frozen

from impactive_async.errors import HubError
from impactive_async.hub import DeadLetter, HubStatus
from impactive_async.operations.activity import Activity
from impactive_async.operations.completeness import Completeness
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.page.markup import (
    Cell,
    bars,
    button,
    buttons,
    figures,
    moment,
    section,
    span,
    table,
)
from impactive_async.operations.shown import Shown


@frozen
class Moment:
    """What is shown at one moment.

    Attributes:
        shown: The process.
        hub: What the engine says.
        letters: Dead letters.
        form_key: What forms hold; None: whoever looks may not act.
    """

    shown: Shown
    hub: HubStatus | HubError
    letters: Sequence[DeadLetter] = ()
    form_key: str | None = None


def render_sections(now: Moment) -> str:
    """Return all sections, those that are empty among them."""
    return "".join(_sections(now))


def _sections(now: Moment) -> Iterator[str]:
    hub = now.hub if isinstance(now.hub, HubStatus) else None
    activity, deliveries = now.shown.activity, now.shown.deliveries
    reason = now.shown.why_not_ready(now.hub)
    yield f'<section id="state">{_state(reason, list(_concerns(deliveries, hub)))}</section>'
    yield f'<section id="figures">{figures(_figures(activity, deliveries, hub))}</section>'
    yield section("dead", "Dead feeds: not polled until they are revived", _dead(hub, now.form_key))
    yield section("paused", "Paused feeds: not polled until they are resumed", _paused(hub, now.form_key))
    if activity:
        yield section("failing", "Failing here", _failing(activity, hub, now.form_key))
        troubles = [(step, moment(last.at), last.error) for step, last in activity.troubles.items()]
        yield section("troubles", "Troubles of this worker", table(("Step", "Since", "Why"), troubles))
        gaps = [(gap.feed, str(gap).removeprefix(f"{gap.feed}: ")) for gap in reversed(activity.recent_gaps)]
        yield section("gaps", "Gaps found lately", table(("Feed", "What"), gaps))
    if deliveries:
        yield section("deliveries", "Deliveries", _deliveries(deliveries))
    yield section("letters", "Dead letters: not delivered until they are replayed", _letters(now))
    yield section("groups", "Consumer groups and destinations", _groups(hub, now.form_key))
    yield section("hour", "The last hour", _hour(activity, deliveries))
    if activity:
        yield section("kinds", "Kinds", _kinds(activity, now.shown.view.lists.latest))
    taken = [(moment(one.at), one.action, one.what, one.outcome) for one in reversed(now.shown.actions)]
    yield section("taken", "Done on this page", table(("When", "Action", "What", "Outcome"), taken))


def _state(reason: str | None, concerns: Sequence[str]) -> str:
    if reason is not None:
        return f'<p class="state bad" role="status">Not ready: {escape(reason)}</p>'
    if concerns:
        return f'<p class="state fair" role="status">Working, but see: {escape(", ".join(concerns))}</p>'
    return '<p class="state good" role="status">Working</p>'


def _concerns(deliveries: ForwardActivity | None, hub: HubStatus | None) -> Iterator[str]:
    """Say what somebody should look at although the process works."""
    letters = sum(group.dead_letters for group in hub.groups) if hub else 0
    for number, what in (
        (hub.dead_count if hub else 0, "dead feeds"),
        (hub.failing if hub else 0, "failing feeds"),
        (letters, "dead letters"),
    ):
        if number:
            yield f"{what}: {number:,}"
    for name, one in deliveries.destinations.items() if deliveries else ():
        if one.state in ("failing", "gone"):
            yield f"destination {name} is {one.state}"


def _figures(
    activity: Activity | None, deliveries: ForwardActivity | None, hub: HubStatus | None
) -> Iterator[tuple[str, str]]:
    if activity:
        polls, events = activity.last_hour()
        yield from (("Polls, last hour", f"{polls:,}"), ("Events, last hour", f"{events:,}"))
    if deliveries:
        for outcome, says in (("delivered", "Delivered"), ("failed", "Failed tries"), ("dead", "Given up")):
            yield f"{says}, last hour", f"{deliveries.hour.total(outcome):,}"
    if hub:
        yield from (
            ("Feeds", f"{hub.feeds:,}"),
            ("Due", f"{hub.due:,}"),
            ("Latest is late by", span(hub.lag)),
            ("Failing", f"{hub.failing:,}"),
            ("Dead", f"{hub.dead_count:,}"),
            ("Paused", f"{hub.paused_count:,}"),
            ("Gaps", f"{hub.gaps:,}"),
            ("Events in the log", f"{hub.events:,}"),
            ("Requests a second", "no limit" if hub.rate_limit is None else f"at most {hub.rate_limit:g}"),
        )


def _dead(hub: HubStatus | None, form_key: str | None) -> str:
    rows = [
        (feed.feed, feed.error, button("revive", "Revive", form_key, feed=feed.feed))
        for feed in (hub.dead if hub else ())
    ]
    return _acted(("Feed", "Why"), rows, form_key)


def _paused(hub: HubStatus | None, form_key: str | None) -> str:
    rows = [(feed, button("resume", "Resume", form_key, feed=feed)) for feed in (hub.paused if hub else ())]
    return _acted(("Feed",), rows, form_key)


def _failing(activity: Activity, hub: HubStatus | None, form_key: str | None) -> str:
    dead = {feed.feed for feed in hub.dead} if hub else set()
    rows = [
        (feed, moment(last.at), last.error, _feed_buttons(feed, form_key))
        for feed, last in activity.failing.items()
        if feed not in dead
    ]
    return _acted(("Feed", "Last", "Why"), rows, form_key)


def _feed_buttons(feed: str, form_key: str | None) -> Cell:
    return buttons(
        button("poll-now", "Poll now", form_key, feed=feed), button("pause", "Pause", form_key, feed=feed)
    )


def _deliveries(deliveries: ForwardActivity) -> str:
    rows = [
        (
            name,
            one.state,
            *(f"{deliveries.attempts[name, outcome]:,}" for outcome in ("delivered", "failed", "dead")),
            moment(one.last_delivery),
            f"{moment(one.last_error.at)}: {one.last_error.error}" if one.last_error else "",
        )
        for name, one in deliveries.destinations.items()
    ]
    heads = ("Destination", "State", "Delivered", "Failed tries", "Given up", "Last delivery", "Why it fails")
    return table(heads, rows)


def _letters(now: Moment) -> str:
    rows = [
        (
            letter.group,
            letter.event.type if letter.event else "unreadable",
            letter.event.subject if letter.event else letter.position,
            moment(letter.since.timestamp()),
            letter.reason,
            button("replay", "Replay", now.form_key, group=letter.group, position=letter.position),
        )
        for letter in now.letters
    ]
    return _acted(("Group", "Type", "Subject", "Since", "Why"), rows, now.form_key)


def _groups(hub: HubStatus | None, form_key: str | None) -> str:
    rows = [
        (
            group.name,
            "?" if group.behind is None else f"{group.behind:,}",
            span(group.oldest),
            f"{group.in_flight:,}",
            f"{group.dead_letters:,}",
            button("replay", "Replay all", form_key if group.dead_letters else None, group=group.name),
        )
        for group in (hub.groups if hub else ())
    ]
    return _acted(("Group", "Backlog", "Oldest waits for", "In flight", "Dead letters"), rows, form_key)


def _hour(activity: Activity | None, deliveries: ForwardActivity | None) -> str:
    charts = []
    if activity:
        charts.append(bars("Events committed", activity.hour.each("events")))
    if deliveries:
        charts.append(bars("Events delivered", deliveries.hour.each("delivered")))
    return "".join(charts)


def _kinds(activity: Activity, lists: Completeness | None) -> str:
    known = lists or Completeness({}, {})
    rows = [
        (
            kind,
            moment(activity.last_poll.get(kind)),
            f"{activity.events[kind]:,}",
            _complete_up_to(known, kind),
            span(activity.lateness.get(kind)),
        )
        for kind in sorted({*activity.last_poll, *known.until, *known.unknown})
    ]
    return table(("Kind", "Last good poll", "Events", "Complete up to", "Rows came late by"), rows)


def _complete_up_to(lists: Completeness, kind: str) -> str:
    until, unread = lists.until.get(kind), lists.unknown.get(kind, 0)
    said = "unknown" if until is None else moment(until)
    return f"{said}; not read yet: {unread:,}" if unread else said


def _acted(heads: Sequence[str], rows: Sequence[Sequence[Cell]], form_key: str | None) -> str:
    """Return a table whose last column has buttons, for whoever may act."""
    if form_key is None:
        return table(heads, [row[:-1] for row in rows])
    return table((*heads, "Action"), rows)
