"""From a list to what a feed polls, by what the client's profile says of the list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, TypeVar

import attrs

from impactive_async._codec.bodies import Shape
from impactive_async._codec.page import Rows, each_row, page
from impactive_async._codec.tolerant.nouns import plural_of
from impactive_async._http.caller import Caller
from impactive_async._http.wire import build_request
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.delivery.page_request import PageRequest
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.feed import Feed
from impactive_async.profile import PRECISIONS
from impactive_async.resources.auth import tell_home
from impactive_async.resources.watching.polled_list import PolledList

R = TypeVar("R")


def source_of(polled: PolledList[R], caller: Caller, *ids: str) -> Source[R]:
    """Return a list as something to poll; see `PolledList.source`."""
    request = build_request(polled.endpoint, ids)
    shape = _rows_of(plural_of(polled.row), polled.rules) if polled.shape is None else polled.shape(*ids)
    settings = caller.deviations.settings(polled.operation)
    return Source(
        name=polled.name(*ids),
        path=request.bare_path,
        row=polled.row,
        rules=_rules_by(settings, polled.rules),
        page=PageRequest(caller=caller, endpoint=polled.endpoint, ids=ids, shape=shape),
        clock=caller.clock,
        cap=settings.get("cap", polled.cap),
        recover=polled.recovery and polled.recovery(caller, *ids),
        notes=caller.deviations.notes(polled.endpoint.method, polled.endpoint.template),
        home=caller.transport.home,
        tell_home=partial(tell_home, caller),
        wait_open=caller.limits.wait_open,
        is_news=caller.deviations.is_news,
    )


def feed_of(polled: PolledList[R], caller: Caller, options: FeedOptions, *ids: str) -> Feed[R]:
    """Return a feed over a list; see `PolledList.feed`."""
    return Feed(source_of(polled, caller, *ids).with_overlap(options.overlap), options)


@cache
def _rows_of(plural: str, rules: Rules | None) -> Shape[Rows]:
    return partial(each_row, plural=plural) if rules is None else page(rules.id, rules.timestamp, plural)


def _rules_by(settings: Mapping[str, Any], rules: Rules | None) -> Rules | None:
    """Return the rules with what a profile says of the list: its cap, its overlap, its tick.

    A lag below our own overlap changes nothing: nobody has seen every late row.
    """
    if rules is None or not settings:
        return rules
    cap = settings.get("cap", rules.cap)
    lag = int(settings.get("lag", 0) * timestamps.SECOND) + _repeated_hour(settings)
    printed = (settings.get("time_precision"), settings.get("since_precision"))
    ticks = [PRECISIONS[precision] for precision in printed if precision is not None]
    tick = max(ticks, default=rules.tick)
    return attrs.evolve(rules, cap=cap, overlap=max(lag, rules.overlap), tick=tick)


def _repeated_hour(settings: Mapping[str, Any]) -> int:
    """Return by how many microseconds rows may seem late: local times of an hour that clocks show twice do."""
    local = not settings.get("time_offset", True)
    return 2 * timestamps.HOUR if local and "/" in settings.get("time_zone", "UTC") else 0
