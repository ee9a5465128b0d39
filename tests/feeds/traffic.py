"""What happens to a feed, drawn so that it hurts: at the edges of ticks, overlaps, caps and saves."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from hypothesis import strategies as st

from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import NOW
from impactive_async.feeds.cursor.server_clock import LEEWAY
from tests.feeds.consumer import Consumer, Setting
from tests.feeds.model_server import NEW_YEAR, SECOND, Habits

Action: TypeAlias = tuple[Any, ...]
Story: TypeAlias = "tuple[Setting, list[Action]]"

habits = st.builds(
    Habits,
    inclusive=st.booleans(),
    printing=st.sampled_from(["truncated", "rounded", "exact"]),
    precision=st.sampled_from([1_000, SECOND]),
    cap=st.sampled_from([3, 6, 100, None]),
    order=st.sampled_from(["newest first"] * 7 + ["scrambled"]),
    ties=st.integers(0, 100),
    tells_time=st.sampled_from([True, True, False]),
    skew=st.sampled_from([0, LEEWAY, LEEWAY - 1, -LEEWAY, -3600 * SECOND]),
    heeds_since=st.sampled_from([True, True, True, True, False]),
)


@st.composite
def settings_of_feeds(draw: st.DrawFn) -> Setting:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.sampled_from([-1, 0, 3])))
    return Setting(
        habits=draw(habits),
        overlap=draw(st.sampled_from([0, 1_000, 10 * SECOND])),
        immutable=draw(st.booleans()),
        start=draw(st.sampled_from([None, None, None, NOW, start])),
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A setting and what happens in it."""
    setting = draw(settings_of_feeds())
    tick, overlap = setting.habits.precision, setting.overlap
    edges = sorted({0, 1, tick - 1, tick, 2 * tick, max(overlap - 1, 0), overlap, overlap + 1})
    late = st.sampled_from([edge for edge in edges if edge <= overlap])
    actions = [
        st.tuples(st.just("insert"), late),
        st.tuples(st.just("insert"), late),
        st.tuples(st.just("burst"), st.sampled_from([2, 3, 5, 7]), st.sampled_from([0, 1, tick])),
        st.tuples(st.just("advance"), st.sampled_from([*edges, 2 * overlap + SECOND])),
        st.tuples(st.just("poll")),
        st.tuples(st.just("poll and handle"), st.booleans()),
        st.tuples(st.just("poll and handle"), st.booleans()),
        st.tuples(st.just("handle"), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("die midway"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("save")),
        st.tuples(st.just("crash")),
    ]
    if not setting.immutable:
        actions.append(st.tuples(st.just("change"), st.integers(0, 20), late))
    actions.append(st.tuples(st.just("future"), st.sampled_from([tick, overlap + tick, 3600 * SECOND])))
    if setting.habits.tells_time:
        jumps = [overlap + 3 * SECOND, overlap + 20 * SECOND, 3600 * SECOND]  # lesser ones use up the overlap
        actions.append(st.tuples(st.just("jump back"), st.sampled_from(jumps), st.booleans()))
    return setting, draw(st.lists(st.one_of(actions), min_size=4, max_size=40))


def play(story: Story, cursor_type: type[Cursor] = Cursor) -> Consumer:
    """Let it all happen; every law is asserted on the way."""
    setting, actions = story
    consumer = Consumer(setting, cursor_type)
    consumer.server.now = NEW_YEAR + 5 * SECOND
    for action in actions:
        step(consumer, action)
    consumer.finish()
    return consumer


def step(consumer: Consumer, action: Action) -> None:
    """Let one thing happen."""
    server = consumer.server
    match action:
        case "insert", behind:
            server.insert(behind)
        case "burst", count, apart:
            for _ in range(count):
                server.insert(0)
                server.wait(apart)
        case "future", ahead:
            server.insert(-ahead)
        case "change", pick, behind:
            server.change(pick, behind)
        case "advance", duration:
            server.wait(duration)
        case "jump back", duration, made_up_for:
            server.jump_back(duration)
            server.insert(0)
            server.wait(duration if made_up_for else 0)
        case ("poll",):
            consumer.poll()
        case "poll and handle", backwards:
            consumer.poll()
            consumer.handle(len(consumer.in_flight), backwards=backwards)
            consumer.save()
        case "handle", count, backwards:
            consumer.handle(count, backwards=backwards)
        case "die midway", count, backwards:
            consumer.poll()
            consumer.handle(count, backwards=backwards)
            consumer.save()
            consumer.crash()
        case ("save",):
            consumer.save()
        case ("crash",):
            consumer.crash()
        case _:
            raise AssertionError(action)
