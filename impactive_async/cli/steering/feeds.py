"""`impactive hub show`, `rewind`, `pause`, `resume` and `poll-now`: steer a feed while workers are at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from impactive_async.cli.commands._hub import hub_option, namespace_option, open_hub, timeout_option
from impactive_async.cli.commands.hub import app
from impactive_async.cli.kit.asking import agree, yes_option
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument
from impactive_async.cli.steering.moments import by_option, chosen_moment, said, to_option

if TYPE_CHECKING:
    from impactive_async import Coverage
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import FeedStatus, Hub

SHOWN: Final = (
    *("feed", "state", "due_in", "failures", "error", "gaps_reported", "complete_until", "frontier", "floor"),
    *("in_flight", "last_page", "known", "gaps"),
)
"""What is shown of a feed."""
_UNKNOWN: Final = "`impactive hub status --coverage` lists those that it has."
feed_argument = argument("feed", help="Its name, from `hub status --coverage` or the log.")


@command(
    "show",
    app,
    example="impactive hub show zapier/deals --hub sqlite:///hub.db",
    rows="impactive_async.cli.steering.feeds:SHOWN",
    shared=(*FORMATS, "debug"),
)
@hub_option
@feed_argument
@namespace_option
@timeout_option
async def show(run: Run, hub: str, feed: str, namespace: str, timeout: float) -> None:
    """Say how far a feed has come: its state, frontier, floor, rows in flight, gaps, coverage, last error."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        found = await _found(engine, feed)
        coverage = (await engine.coverage([feed]))[feed]
    facts = _facts(found, coverage)
    if run.out.for_programs:
        run.out.row(facts)
        return
    run.out.rows([{"what": name.replace("_", " "), "value": _in_words(value)} for name, value in facts.items()])
    if coverage.gaps:
        run.out.rows(coverage.gaps)


def _facts(found: FeedStatus, coverage: Coverage) -> Mapping[str, Any]:
    summary = found.summary
    return {
        "feed": found.feed,
        "state": found.state,
        "due_in": round(found.due_in, 1),
        "failures": found.failures,
        "error": found.error,
        "gaps_reported": found.gaps,
        "complete_until": coverage.complete_until,
        "frontier": summary and summary.frontier,
        "floor": summary and summary.floor,
        "in_flight": summary and summary.in_flight,
        "last_page": summary and summary.last_page,
        "known": summary.known if summary else 0,
        "gaps": coverage.gaps,
    }


def _in_words(value: Any) -> Any:
    if isinstance(value, tuple):
        return len(value)
    return "none" if value in (None, "") else value


async def _found(engine: Hub, feed: str) -> FeedStatus:
    found = await engine.feed(feed)
    if found is None:
        raise UsageError(f"The hub has no feed {feed!r}; {_UNKNOWN}")
    return found


@command("rewind", app, example="impactive hub rewind zapier/deals --by 2h --hub sqlite:///hub.db", shared=LOCAL)
@hub_option
@feed_argument
@to_option
@by_option
@yes_option
@namespace_option
@timeout_option
async def rewind(
    run: Run, hub: str, feed: str, to: str | None, by: str | None, yes: bool, namespace: str, timeout: float
) -> None:
    """Poll a feed again from an earlier moment on, as far back as the API shows.

    Nothing is lost: rows that were handled come again, with the same ids. An event that is still in the log is not
    logged twice; to have consumers read it again, `hub seek` their group. A worker that has the feed is refused.
    """
    when = chosen_moment(to, by)
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        plan = await engine.rewind(feed, when, dry_run=True)
        reached = said(plan.before.frontier if plan.before else None)
        agree(
            run,
            f"{feed} has come to {reached}. It will be polled again from {said(when)} on: events that the log has "
            "no more come again, with the same ids; those in the log are not logged twice.",
            yes=yes,
        )
        done = await engine.rewind(feed, when)
        state = (await _found(engine, feed)).state
    asked = said(done.after.floor if done.after else None)
    run.note(f"{feed} is rewound: it asks for everything since {asked}. {_WHEN[state]}")


_WHEN: Final = {
    "due": "It is due now.",
    "waiting": "It has been polled since.",
    "leased": "A worker is polling it.",
    "paused": "It is paused: `impactive hub resume` lets it be polled.",
    "dead": "It is dead: `impactive hub revive` lets it be polled.",
}


@command("pause", app, example="impactive hub pause zapier/deals --hub sqlite:///hub.db", shared=LOCAL)
@hub_option
@feed_argument
@namespace_option
@timeout_option
async def pause(run: Run, hub: str, feed: str, namespace: str, timeout: float) -> None:
    """Poll a feed no more until `hub resume`.

    What comes meanwhile is delivered then, if the API still shows it.
    """
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        await _found(engine, feed)
        run.note(f"No worker will claim {feed} until it is resumed.")
        done = await engine.pause(feed)
        found = await _found(engine, feed)
    if not done:
        why = {"dead": "is dead, and polled by nobody as it is", "paused": "is paused already"}
        raise UsageError(f"{feed} {why.get(found.state, 'cannot be paused now: it has just changed')}.")
    run.note(f"{feed} is paused.{' A worker finishes the poll under way.' if found.leased else ''}")


@command("resume", app, example="impactive hub resume zapier/deals --hub sqlite:///hub.db", shared=LOCAL)
@hub_option
@feed_argument
@namespace_option
@timeout_option
async def resume(run: Run, hub: str, feed: str, namespace: str, timeout: float) -> None:
    """Poll a paused feed again, from where it was."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        await _found(engine, feed)
        if not await engine.resume(feed):
            raise UsageError(f"{feed} is not paused; `impactive hub status` names those that are.")
    run.note(f"{feed} is due now.")


@command("poll-now", app, example="impactive hub poll-now zapier/deals --hub sqlite:///hub.db", shared=LOCAL)
@hub_option
@feed_argument
@namespace_option
@timeout_option
async def poll_now(run: Run, hub: str, feed: str, namespace: str, timeout: float) -> None:
    """Make a feed due at once; one that a worker has is polled once more after that."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        found = await _found(engine, feed)
        if not await engine.poll_now(feed):
            raise UsageError(
                f"{feed} is {found.state}, and polled by nobody. {_WHEN.get(found.state, '')}".strip()
            )
    run.note(f"{feed} is polled once more after the poll under way." if found.leased else f"{feed} is due now.")
