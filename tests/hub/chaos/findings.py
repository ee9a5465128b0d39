"""What a run of `chaos` came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import asdict, frozen

from impactive_async.hub import Delivery
from impactive_async.sandbox import Sandbox
from tests.hub.chaos.worker import CONCURRENCY, INTERVAL, LEASE, RATE
from tests.hub.chaos.world import FEEDS, expected
from tests.hub.observing import Arrivals, Span, busiest, longest_silence, merged

Deed = dict[str, Any]


@frozen(kw_only=True)
class Findings:
    """What a run came to.

    Attributes:
        rows: Newest versions of rows that the sandbox had in the end.
        missing: Those of them that are not in the log.
        duplicates: Events that are in the log more than once.
        fenced: Claims whose end was refused.
        fenced_committed: Those of them that have an event in the log.
        out_of_order: Events behind one that was committed under a later token of their feed.
        frozen_held: Claims that the frozen worker had in hand, not yet committing.
        frozen_fenced: Those of them that it was told to be refused when it woke.
        frozen_settled: Those that it ended all the same, or that have an event in the log.
        requests: How many the API saw.
        permits: How many the hub gave.
        peak_rate: The most requests in any second.
        steady_rate: The same, of the seconds that no stall touched.
        stalled: Seconds in which some process was not let run.
        engine_down: Seconds between the engine's crash and its first answer.
        wall_silence: Seconds between two polls of one feed, at the most.
        longest_silence: The same without the time that does not count.
        drained: Workers that were stopped and ended in good order.
    """

    rows: int
    missing: int
    events: int
    duplicates: int
    fenced: int
    fenced_committed: int
    out_of_order: int
    frozen_held: int
    frozen_fenced: int
    frozen_settled: int
    requests: int
    permits: int
    peak_rate: int
    steady_rate: int
    stalled: float
    engine_down: float
    wall_silence: float
    longest_silence: float
    drained: int


@frozen(kw_only=True)
class Evidence:
    """What a run has left.

    Attributes:
        sandbox: With all that was asked of it.
        arrivals: When.
        ended: When the run was over, and the workers were told to stop.
        deeds: What the workers wrote down.
        held: Claims, by token, that the frozen worker had in hand.
        stalls: When some process that was not struck was held up, by the machine.
        down: When the engine was not there.
    """

    sandbox: Sandbox
    arrivals: Arrivals
    ended: float
    deeds: Sequence[Deed]
    held: Mapping[int, str]
    stalls: Sequence[Span]
    down: Sequence[Span]


def judge(evidence: Evidence, deliveries: Sequence[Delivery]) -> Findings:
    """Count it."""
    events = [delivery.event for delivery in deliveries]
    ids, deeds = [event.id for event in events], evidence.deeds
    fenced = {deed["token"] for deed in deeds if deed["deed"] == "fenced"}
    settled = {deed["token"] for deed in deeds if deed["deed"] in ("committed", "failed", "released")}
    committed = {event.data["token"] for event in events}
    wanted = expected(evidence.sandbox)
    feeds = {deed["token"]: deed["feed"] for deed in deeds if deed["deed"] == "claimed"}
    by_feed: dict[str, list[int]] = defaultdict(list)
    for event in events:
        by_feed[feeds[event.data["token"]]].append(event.data["token"])
    times, polls, stalls = evidence.arrivals.times, evidence.arrivals.by_feed(), merged(evidence.stalls)
    run = Span(times[0], evidence.ended)
    return Findings(
        rows=len(wanted),
        missing=len(wanted - set(ids)),
        events=len(ids),
        duplicates=len(ids) - len(set(ids)),
        fenced=len(fenced),
        fenced_committed=len(fenced & committed),
        out_of_order=sum(a > b for tokens in by_feed.values() for a, b in pairwise(tokens)),
        frozen_held=len(evidence.held),
        frozen_fenced=len(evidence.held.keys() & fenced),
        frozen_settled=len(evidence.held.keys() & (settled | committed)),
        requests=len(evidence.sandbox.requests),
        permits=sum(deed["deed"] == "permitted" for deed in deeds),
        peak_rate=busiest(times, 1.0, []),
        steady_rate=busiest(times, 1.0, stalls),
        stalled=sum(span.end - span.begin for span in stalls),
        engine_down=sum(span.end - span.begin for span in evidence.down),
        wall_silence=longest_silence(polls, run, []),
        longest_silence=longest_silence(polls, run, merged([*stalls, *evidence.down])),
        drained=sum(deed["deed"] == "drained" for deed in deeds),
    )


def report(name: str, findings: Findings) -> str:
    lines = [f"{figure.replace('_', ' '):<18}{value:.4g}" for figure, value in asdict(findings).items()]
    bounds = f"lease {LEASE:g} s, interval {INTERVAL:g} s, 4 x {CONCURRENCY} polls, rate {RATE:g}/s"
    return "\n".join([f"{name}: {FEEDS} feeds, {bounds}", *lines])
