"""Schedules, order, filters, addresses and answers, without any I/O."""

from __future__ import annotations

import ipaddress
import socket
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.errors import InvalidArgumentError
from impactive_async.forward import EventFilter, RetrySchedule
from impactive_async.forward.courier.health import Health
from impactive_async.forward.courier.order import RowOrder, Waiting
from impactive_async.forward.senders.attempt import Attempt, decipher, failed
from impactive_async.forward.settings.addresses import NotPublicError, is_public, public_socket
from impactive_async.forward.settings.schedule import LONGEST_PAUSE
from impactive_async.hub import Delivery, HubEvent, event_id
from tests.forward.receiver import about
from tests.hub.engines import moment

NOW = datetime(2026, 5, 1, tzinfo=UTC)

# When an event is tried again


def test_pauses_grow_over_days() -> None:
    """By default the first is of seconds, the last of hours, and all together of days."""
    schedule = RetrySchedule()
    pauses = [schedule.pause(failures, lambda: 0.5) for failures in range(1, schedule.retries + 1)]
    assert pauses[:4] == [5, 20, 80, 320]
    assert pauses[-1] == schedule.longest
    assert 3 < sum(filter(None, pauses)) / 86_400 < 5
    assert schedule.pause(schedule.retries + 1, lambda: 0.5) is None


@given(
    failures=st.integers(1, 2000),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e12),
    first=st.floats(0.001, 1000),
)
def test_a_pause_is_spread_bounded_and_no_shorter_than_asked(
    failures: int, chance: float, asked: float | None, first: float
) -> None:
    """No pause is longer than a week, whatever a receiver asks for."""
    schedule = RetrySchedule(retries=10_000, first=first, longest=5000)
    pause = schedule.pause(failures, lambda: chance, asked)
    assert pause is not None
    assert 0.8 * first <= pause <= max(5000, min(asked or 0, LONGEST_PAUSE))
    assert pause >= min(asked or 0, LONGEST_PAUSE)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": True}, "retries"),
        ({"first": 0}, "first_retry"),
        ({"longest": LONGEST_PAUSE + 1}, "a week"),
        ({"first": 10, "longest": 5}, "longer than max_retry"),
    ],
)
def test_an_impossible_schedule_is_refused(wrong: dict[str, Any], match: str) -> None:
    """The sentence names the option."""
    with pytest.raises(InvalidArgumentError, match=match):
        RetrySchedule(**wrong)


# The order of rows


def waiting(number: int, row: str) -> Waiting:
    delivery = Delivery(
        event=about(number, row),
        redelivered=False,
        group="g",
        position=f"{number}-1",
        log=None,  # type: ignore[arg-type]
    )
    return Waiting(delivery)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=30), st.randoms())
def test_events_of_a_row_are_tried_in_order_whatever_fails(rows: list[tuple[str, int]], chance: Any) -> None:
    """At most one of a row is under way, none overtakes another, and all are done in the end."""
    order, done = RowOrder(), defaultdict(list)
    failures = {number: times for number, (_, times) in enumerate(rows)}
    for number, (row, _) in enumerate(rows):
        assert order.add(waiting(number, row), 0.0)
        assert not order.add(waiting(number, row), 0.0)
    now = 0.0
    under_way: list[Waiting] = []
    while (due := order.next_due()) is not None or under_way:
        now = max(now, due or 0.0)
        while one := order.take(now):
            under_way.append(one)
        assert len({one.row for one in under_way}) == len(under_way)
        one = under_way.pop(chance.randrange(len(under_way)))
        number = one.delivery.event.data["n"]
        if failures[number]:
            failures[number] -= 1
            order.again(one, now + chance.random())
        else:
            done[one.row].append(number)
            order.done(one, now)
            order.forget([one.delivery.position])
    assert sum(map(len, done.values())) == len(rows)
    assert all(numbers == sorted(numbers) for numbers in done.values())
    assert len(order) == 0


def test_an_event_that_waits_holds_up_its_row_alone() -> None:
    """The others are due at once."""
    order = RowOrder()
    for number, row in enumerate("aab"):
        order.add(waiting(number, row), 0.0)
    first = order.take(0.0)
    assert first is not None
    order.again(first, 100.0)
    other = order.take(0.0)
    assert other is not None
    assert other.row == "deals/b"
    assert order.take(99.0) is None
    assert order.take(100.0) is first


def test_an_event_that_is_done_is_known_until_the_hub_knows_it() -> None:
    """What the hub delivers meanwhile is not tried a second time."""
    order = RowOrder()
    order.add(waiting(1, "a"), 0.0)
    taken = order.take(0.0)
    assert taken is not None
    order.done(taken, 0.0)
    assert not order.add(waiting(1, "a"), 0.0)
    order.forget(["1-1"])
    assert order.add(waiting(1, "a"), 0.0)


# What a destination gets


def reply(sequence: str, *, shared: bool = False) -> HubEvent:
    return HubEvent(
        id=event_id("replies" if shared else f"sequences/{sequence}/replies", "em_1", "1"),
        source="/workspaces/wsp_1",
        type="com.impactiveai.email.created",
        subject="replies/em_1",
        time=moment(),
        data={"id": "em_1", "contact": {"email": "ada@example.com"}},
        sequence_ids=(sequence,) if shared else (),
    )


@pytest.mark.parametrize(
    ("options", "event", "passes"),
    [
        ({}, about(1), True),
        ({"kinds": ["deals"]}, about(1), True),
        ({"kinds": ["replies"]}, about(1), False),
        ({"kinds": ["replies"]}, reply("seq_1"), True),
        ({"sequences": ["seq_1"]}, reply("seq_1"), True),
        ({"sequences": ["v/1 é"]}, reply("v%2F1%20%C3%A9"), True),
        ({"sequences": ["seq_1"]}, reply("seq_2"), False),
        ({"sequences": ["seq_1"]}, reply("seq_1", shared=True), True),
        ({"sequences": ["seq_1"]}, reply("seq_2", shared=True), False),
        ({"kinds": ["replies"]}, reply("seq_1", shared=True), True),
        ({"kinds": ["sends"]}, reply("seq_1", shared=True), False),
        ({"sequences": ["seq_1"]}, about(1), False),
        ({"where": {"stage": "won"}}, about(1, stage="won"), True),
        ({"where": {"stage": ["lost", "won"]}}, about(1, stage="won"), True),
        ({"where": {"stage": "won"}}, about(1, stage="lost"), False),
        ({"where": {"stage": "won"}}, about(1), False),
        ({"where": {"n": 1}}, about(1), True),
        ({"where": {"n": True}}, about(1), False),
        ({"where": {"n.of": 1}}, about(1), False),
        ({"where": {"contact.email": "ada@example.com"}}, reply("seq_1"), True),
    ],
)
def test_which_events_pass(options: dict[str, Any], event: HubEvent, passes: bool) -> None:
    """By kind, by sequence, and by the fields of the row."""
    assert EventFilter(**options)(event) is passes


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("id", False),
        ("contact", False),
        ("contact.email", False),
        ("company.name", False),  # there is no company here, but the field
        ("emial", True),
        ("contact.emial", True),
        ("id.x", True),
    ],
)
def test_a_field_that_a_row_has_not_is_missing(path: str, missing: bool) -> None:
    """One without a value is not."""
    event = evolve(reply("seq_1"), data={"id": "em_1", "contact": {"email": None}, "company": None})
    assert EventFilter(where={path: "x"}).missing(event) == (path if missing else None)


def test_whoever_gets_rows_learns_of_lost_ones() -> None:
    """A gap has no fields that could be compared; its kind counts."""
    gap = evolve(about(1), type="com.impactiveai.feed.gap", subject="zapier/deals")
    assert EventFilter(kinds=["deals"], where={"stage": "won"})(gap)
    assert not EventFilter(kinds=["contacts"])(gap)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["leads"]},
        {"kinds": []},
        {"kinds": "deals"},
        {"sequences": "s"},
        {"where": {"a": []}},
        {"where": {"a": ()}},
        {"where": {"contact": {"email": "a@example.com"}}},
        {"where": {"a": ["won", ["lost"]]}},
        {"where": {"a": NOW}},
    ],
)
def test_an_impossible_filter_is_refused(wrong: dict[str, Any]) -> None:
    """A filter that lets nothing pass would lose all events in silence."""
    with pytest.raises(InvalidArgumentError):
        EventFilter(**wrong)


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::1",
        "::127.0.0.1",
        "::10.0.0.1",
        "64:ff9b:1::a00:1",
        "fec0::1",
        "5f00::1",
        "4000::1",
        "192.0.0.8",
        "nonsense",
    ],
)
def test_special_addresses_are_not_public(address: str) -> None:
    """Private, loopback, link-local and the like, also where an IPv6 address stands for one of IPv4."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Whatever they are written as."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_all_forms(address: ipaddress.IPv4Address) -> None:
    """Mapped, in the old form that was compatible, and behind NAT64."""
    for network in ("::ffff:0:0", "::", "64:ff9b::"):
        same = ipaddress.IPv6Address(int(ipaddress.IPv6Address(network)) | int(address))
        assert is_public(str(address)) == is_public(str(same))


def test_no_socket_is_opened_for_an_address_that_is_not_public() -> None:
    """The check is made on the address that is about to be connected to."""
    found: Any = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))
    with pytest.raises(NotPublicError):
        public_socket(found)
    public_socket((*found[:4], ("8.8.8.8", 80))).close()


# Answers


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "delivered"), (204, "delivered"), (299, "delivered"), (410, "gone")]
    + [(status, "failed") for status in (100, 300, 301, 304, 308, 400, 401, 404, 409, 418, 429, 500, 503, 599)],
)
def test_only_a_2xx_is_success(status: int, result: str) -> None:
    """And a 410 ends it."""
    assert decipher(status, None, NOW).result == result


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 01 May 2026 00:01:00 GMT", 60.0),
        ("Thu, 30 Apr 2026 00:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("9" * 30, 1e9),
        ("9" * 5000, 1e9),
        ("Fri, 01 May 2026 00:10:00 +" + "9" * 30, None),
        ("\N{ARABIC-INDIC DIGIT THREE}", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read(header: str, pause: float | None) -> None:
    """In seconds or as a date; what is neither is as if it were not there."""
    assert decipher(429, header, NOW).pause == pause
    assert decipher(503, header, NOW).pause == pause
    assert decipher(500, header, NOW).pause is None


# How a destination does


def test_a_destination_that_does_not_work_is_tried_with_one_event() -> None:
    """It is left alone for longer and longer, at most a minute; the first success ends that."""
    health, now = Health(RetrySchedule(), 4), 0.0
    for _ in range(3):
        health.note(failed("no"), now)
    assert health.most_at_once(now) == 4
    pauses = []
    for _ in range(8):
        health.note(failed("no"), now)
        assert health.most_at_once(now) == 0
        pauses.append(health.quiet_until - now)
        now = health.quiet_until
        assert health.most_at_once(now) == 1
    assert pauses == [5, 10, 20, 40, 60, 60, 60, 60]
    health.note(Attempt(result="delivered"), now)
    assert health.most_at_once(now) == 4


def test_a_destination_that_asks_for_a_pause_gets_it() -> None:
    """All of its events wait, but for no longer than an hour."""
    health = Health(RetrySchedule(), 4)
    health.note(Attempt(result="failed", status=429, pause=30.0), 0.0)
    assert (health.most_at_once(29.0), health.most_at_once(30.0)) == (0, 4)
    health.note(Attempt(result="failed", status=429, pause=timedelta(days=99).total_seconds()), 30.0)
    assert health.quiet_until == 30.0 + 3600
