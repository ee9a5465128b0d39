"""From a hub's log to receivers, over every engine: nothing lost, order kept, nobody held up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from attrs import evolve

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.forward import EventFilter, RetrySchedule, WebhookSecret, run_forwarder
from impactive_async.hub import Hub, HubEvent, SqliteHub
from impactive_async.webhooks import webhook_id
from tests.forward.receiver import (
    SOON,
    Receiver,
    about,
    accept,
    answering,
    forwarding,
    log,
    receiving,
    to,
)
from tests.hub.engines import ENGINES, Corner, corner_of
from tests.hub.support.strangers import write_entry

HOURS = RetrySchedule(retries=5, first=3600, longest=3600)


@pytest.fixture(params=ENGINES)
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    async with corner_of(request.param, tmp_path) as corner, corner.hub() as hub:
        await hub.init()
        yield hub


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Hub]:
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.init()
        yield hub


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def behind(hub: Hub, group: str = "forward:shop") -> tuple[int, int, int]:
    """Not acknowledged, in flight, dead."""
    (found,) = [one for one in (await hub.status()).groups if one.name == group]
    assert found.behind is not None
    return found.behind, found.in_flight, found.dead_letters


# What arrives


async def test_every_event_arrives_once(hub: Hub, receiver: Receiver) -> None:
    """Those in the log before, and those that come; each is acknowledged."""
    await log(hub, *map(about, range(20)))
    async with forwarding(hub, to(receiver.url)) as running:
        await receiver.until(lambda: len(receiver.accepted) == 20)
        await log(hub, *map(about, range(20, 40)))
        await receiver.until(lambda: len(receiver.accepted) == 40)
        stats = await running.ended()
    assert sorted(receiver.numbers()) == list(range(40))
    assert (stats.delivered, stats.failures) == (40, 0)
    assert await behind(hub) == (0, 0, 0)


async def test_what_fails_is_tried_until_it_arrives(hub: Hub, receiver: Receiver) -> None:
    """Under one id, however often; then it is acknowledged like the rest."""
    receiver.answer = answering(500, 503, 301, 204)
    await log(hub, about(1))
    async with forwarding(hub, to(receiver.url)) as running:
        await running.reported("delivered")
        await running.ended()
    assert len(receiver.attempts) == 4
    assert {headers["webhook-id"] for headers in receiver.headers} == {webhook_id(about(1).id)}
    assert [report.attempt for report in running.reports if report.kind == "failed"] == [1, 2, 3]  # type: ignore[attr-defined]
    assert await behind(hub) == (0, 0, 0)


async def test_what_always_fails_becomes_a_dead_letter(hub: Hub, receiver: Receiver) -> None:
    """After the last try it is kept with its reason, and holds up nothing; replayed, it is sent verbatim."""
    broken = about(1)

    async def refuse_one(_: web.Request, event: HubEvent) -> web.StreamResponse:
        return web.Response(status=422 if event == broken and not mended.is_set() else 204)

    mended = asyncio.Event()
    receiver.answer = refuse_one
    await log(hub, broken, about(2, "deal_1"), about(3))
    async with forwarding(hub, to(receiver.url)) as running:
        await running.reported("dead")
        await running.reported("delivered", 2)
        (letter,) = await hub.dead_letters("forward:shop")
        assert (letter.event, letter.deliveries) == (broken, 6)
        assert letter.reason == "given up after 6 attempts: answered 422"
        assert receiver.numbers() in ([3, 2], [2, 3])
        mended.set()
        assert await hub.replay("forward:shop") == 1
        await running.reported("delivered", 3)
    bodies = [body for body, event in zip(receiver.bodies, receiver.attempts, strict=True) if event == broken]
    assert len(bodies) == 7
    assert set(bodies) == {broken.to_json().encode()}


async def test_no_retries_means_one_try(sqlite: Hub, receiver: Receiver) -> None:
    """`retries=0`."""
    receiver.answer = answering(500)
    await log(sqlite, about(1))
    async with forwarding(sqlite, to(receiver.url, schedule=RetrySchedule(retries=0))) as running:
        await running.reported("dead")
    assert len(receiver.attempts) == 1


async def test_events_of_a_row_arrive_in_order(hub: Hub, receiver: Receiver) -> None:
    """Whatever fails, and at whatever time."""
    receiver.answer = answering(500, 204)
    await log(hub, *(about(number, f"deal_{number % 4}") for number in range(24)))
    async with forwarding(hub, to(receiver.url)):
        await receiver.until(lambda: len(receiver.accepted) == 24)
    rows = defaultdict(list)
    for event in receiver.accepted:
        rows[event.subject].append(event.data["n"])
    assert len(rows) == 4
    assert all(numbers == sorted(numbers) for numbers in rows.values())


async def test_a_destination_that_fails_holds_up_no_other(sqlite: Hub, receiver: Receiver) -> None:
    """One hangs, one refuses; the third gets everything meanwhile."""

    async def hang(_: web.Request, __: HubEvent) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    await log(sqlite, *map(about, range(50)))
    async with receiving(hang) as hanging, receiving(answering(500)) as refusing:
        slow, bad = to(hanging.url, name="slow"), to(refusing.url, name="bad", schedule=HOURS)
        async with forwarding(sqlite, slow, bad, to(receiver.url)) as running:
            await receiver.until(lambda: len(receiver.accepted) == 50)
            await running.reported("failed")
    assert await behind(sqlite, "forward:bad") > (0, 0, 0)


async def test_a_destination_gets_what_its_filter_passes(hub: Hub, receiver: Receiver) -> None:
    """The rest is acknowledged unseen, so that the log does not keep it for ever."""
    await log(hub, *(about(number, stage="won" if number % 5 == 0 else "open") for number in range(20)))
    async with forwarding(hub, to(receiver.url, passes=EventFilter(where={"stage": "won"}))) as running:
        await receiver.until(lambda: len(receiver.accepted) == 4)
        await running.ended()
    assert sorted(receiver.numbers()) == [0, 5, 10, 15]
    assert await behind(hub) == (0, 0, 0)


async def test_a_field_that_no_row_has_is_told_once(sqlite: Hub, receiver: Receiver) -> None:
    """A slip in the name of a field lets nothing pass, which is not to happen in silence."""
    await log(sqlite, about(1, stage="won"), about(2, stage="won"))
    filters = EventFilter(where={"stagee": "won"})
    async with forwarding(sqlite, to(receiver.url, passes=filters)) as running:
        report = await running.reported("field_missing")
        await log(sqlite, about(3, stage="won"), evolve(about(4), data={"n": 4, "stagee": "won"}))
        await receiver.until(lambda: bool(receiver.accepted))
        await running.ended()
    assert [one.kind for one in running.reports].count("field_missing") == 1
    assert "where.stagee: com.impactiveai.deal.updated has no such field" in str(report)
    assert "stage" in str(report).partition("it has ")[2].split(", ")
    assert receiver.numbers() == [4]


async def test_a_receiver_that_asks_for_a_pause_is_left_alone(sqlite: Hub, receiver: Receiver) -> None:
    """A 429 with `Retry-After` stops all of its events, and the pause is kept with the event."""
    receiver.answer = answering(429, **{"retry-after": "600"})
    await log(sqlite, *map(about, range(5)))
    async with forwarding(sqlite, to(receiver.url, concurrency=1)) as running:
        report = await running.reported("failed")
        await running.ended()
    assert report.again_in == 600  # type: ignore[attr-defined]
    assert len(receiver.attempts) == 1


async def test_a_receiver_that_is_gone_gets_nothing_more(hub: Hub, receiver: Receiver) -> None:
    """A 410 ends the destination with a clear line. Nothing is lost, and a later start goes on."""
    receiver.answer = answering(410)
    await log(hub, *map(about, range(5)))
    async with forwarding(hub, to(receiver.url, concurrency=1)) as running:
        stats = await asyncio.wait_for(running.task, 60)
    assert (len(receiver.attempts), stats.gone) == (1, ["shop"])
    assert (await behind(hub))[0] == 5
    assert "impactive hub drop-group forward:shop" in str(running.reports[-1])
    receiver.answer = accept
    async with forwarding(hub, to(receiver.url)):
        await receiver.until(lambda: len(receiver.accepted) == 5)


async def test_an_entry_that_is_no_event_holds_up_nothing(sqlite: Hub, receiver: Receiver, tmp_path: Path) -> None:
    """It is a dead letter of the group, as for every consumer."""
    await log(sqlite, about(1))
    async with forwarding(sqlite, to(receiver.url)):
        await receiver.until(lambda: len(receiver.accepted) == 1)
        await write_entry(Corner(f"sqlite:///{tmp_path}/hub.db", "impactive"), "no event")
        await log(sqlite, about(2))
        await receiver.until(lambda: len(receiver.accepted) == 2)
    assert len(await sqlite.dead_letters("forward:shop")) == 1


async def test_an_event_that_cannot_be_sent_holds_up_nothing(
    sqlite: Hub, receiver: Receiver, tmp_path: Path
) -> None:
    """What others have logged may be no JSON, such as NaN: it becomes a dead letter with its reason."""
    await log(sqlite, about(1))
    async with forwarding(sqlite, to(receiver.url)) as running:
        await receiver.until(lambda: len(receiver.accepted) == 1)
        odd = json.dumps(json.loads(about(2).to_json()) | {"data": {"n": float("nan")}})
        await write_entry(Corner(f"sqlite:///{tmp_path}/hub.db", "impactive"), odd)
        await log(sqlite, about(3))
        await receiver.until(lambda: len(receiver.accepted) == 2)
        report = await running.reported("dead")
    assert report.reason == "the event could not be sent: ValueError"  # type: ignore[attr-defined]
    assert sorted(receiver.numbers()) == [1, 3]


# What survives


async def test_what_was_under_way_when_a_forwarder_was_killed_is_sent_again(hub: Hub, receiver: Receiver) -> None:
    """At once, with the attempts counted that were settled."""

    async def hang(_: web.Request, __: HubEvent) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    receiver.answer = hang
    await log(hub, *(about(number, f"deal_{number % 3}") for number in range(9)))
    async with forwarding(hub, to(receiver.url)):
        await receiver.until(lambda: len(receiver.attempts) == 3)
    await hub.hold("forward:shop", "x", 0)
    receiver.answer = accept
    async with forwarding(hub, to(receiver.url)) as running:
        await receiver.until(lambda: len(receiver.accepted) == 9)
        assert {report.attempt for report in running.reports if report.kind == "delivered"} <= {1}  # type: ignore[attr-defined]
        await running.ended()
    rows = defaultdict(list)
    for event in receiver.accepted:
        rows[event.subject].append(event.data["n"])
    assert sorted(rows.values()) == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert await behind(hub) == (0, 0, 0)


async def test_what_waits_for_a_retry_waits_after_a_restart(hub: Hub, receiver: Receiver) -> None:
    """Its attempts and its time are the hub's; the events behind it in its row wait too, and no others."""
    receiver.answer = answering(500)
    await log(hub, about(1, "deal_a"), about(2, "deal_a"))
    async with forwarding(hub, to(receiver.url, schedule=HOURS)) as running:
        await running.reported("failed")
        await running.ended()
    receiver.answer = accept
    await log(hub, about(3, "deal_a"), about(4, "deal_b"))
    async with forwarding(hub, to(receiver.url, schedule=HOURS)) as running:
        started = await running.reported("forwarding")
        assert started.in_hand in {1, 2}  # type: ignore[attr-defined]
        await receiver.until(lambda: receiver.accepted)
        await running.ended()
    assert receiver.numbers() == [4]
    first, *_ = await hub.in_flight("forward:shop", visibility=30 * 86_400.0)
    assert (first.delivery.event.data["n"], first.delivery.deliveries) == (1, 2)
    assert 3600 * 0.8 < first.again_in - 3600 < 3600


async def test_attempts_are_counted_across_restarts(hub: Hub, receiver: Receiver) -> None:
    """A forwarder that is restarted between all attempts gives up after as many."""
    receiver.answer = answering(500)
    await log(hub, about(1))
    shop = to(receiver.url, schedule=RetrySchedule(retries=3, first=0.001, longest=0.001))
    for attempt in (1, 2, 3):
        async with forwarding(hub, shop) as running:
            report = await running.reported("failed")
            await running.ended()
        assert report.attempt >= attempt  # type: ignore[attr-defined]
        if await hub.dead_letters("forward:shop"):
            break
    async with forwarding(hub, shop) as running:
        await running.until(lambda: "dead" in running.kinds() or "forwarding" in running.kinds())
        if "dead" not in running.kinds() and not await hub.dead_letters("forward:shop"):
            await running.reported("dead")
    assert len(receiver.attempts) == 4
    (letter,) = await hub.dead_letters("forward:shop")
    assert letter.deliveries == 4


async def test_of_two_forwarders_one_delivers(hub: Hub, receiver: Receiver) -> None:
    """The other says so, and takes over when the first ends; no event arrives twice."""
    await log(hub, *map(about, range(10)))
    async with forwarding(hub, to(receiver.url)) as first:
        await receiver.until(lambda: len(receiver.accepted) == 10)
        async with forwarding(hub, to(receiver.url), clock=Quick()) as second:
            report = await second.reported("standing_by")
            assert "another forwarder" in str(report)
            await first.ended()
            await log(hub, *map(about, range(10, 20)))
            await receiver.until(lambda: len(receiver.accepted) == 20)
            await second.ended()
    assert Counter(receiver.numbers()) == Counter(range(20))


class Quick:
    """A clock on which a second takes a hundredth of one."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() * 100

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


async def test_a_forwarder_that_has_lost_its_group_sends_nothing_more(hub: Hub, receiver: Receiver) -> None:
    """One that was frozen for too long stops when it learns that another has taken over."""
    async with forwarding(hub, to(receiver.url), clock=Quick()) as running:
        await running.reported("forwarding")
        asked = asyncio.Semaphore(0)

        async def lost(group: str, holder: str, seconds: float) -> bool:
            asked.release()
            return False

        hub.hold = lost  # type: ignore[method-assign]
        await running.reported("standing_by")
        await log(hub, about(1))
        for _ in range(5):
            await asked.acquire()
    assert receiver.attempts == []


@pytest.mark.parametrize("deed", ["hold", "in_flight", "receive", "ack", "postpone", "reject"])
async def test_a_hub_that_does_not_answer_is_waited_for(sqlite: Hub, receiver: Receiver, deed: str) -> None:
    """Whichever call fails, it is made again, and nothing is lost or sent under another's name."""
    sound = getattr(sqlite, deed)
    left = 2

    async def failing(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise HubError("the engine is away")
        return await sound(*arguments, **options)

    receiver.answer = answering(500, 500, 204) if deed != "reject" else answering(500)
    await log(sqlite, about(1))
    setattr(sqlite, deed, failing)
    schedule = RetrySchedule(retries=1 if deed == "reject" else 5, first=0.01, longest=0.02)
    async with forwarding(sqlite, to(receiver.url, schedule=schedule), clock=Quick()) as running:
        await running.reported("dead" if deed == "reject" else "delivered")
        if deed == "ack":
            await running.reported("trouble", 2)
        await running.ended()
    setattr(sqlite, deed, sound)
    assert left == 0
    assert await behind(sqlite) == ((0, 0, 1) if deed == "reject" else (0, 0, 0))


# What is refused


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ([], "no destination"),
        ([{}, {}], "name 'shop'"),
        ([{"group": "g"}, {"name": "other", "group": "g"}], "group 'g'"),
    ],
)
async def test_destinations_that_exclude_each_other_are_refused(
    sqlite: Hub, options: list[dict[str, Any]], match: str
) -> None:
    """Two of one group would each get a part of the events."""
    with pytest.raises(ConfigurationError, match=match):
        await run_forwarder(sqlite, [to("http://localhost/", **one) for one in options])


async def test_a_hub_that_is_no_hub_ends_the_forwarder(tmp_path: Path, receiver: Receiver) -> None:
    """No waiting makes one of it."""
    async with SqliteHub(tmp_path / "none.db") as hub:
        with pytest.raises(ConfigurationError, match="impactive hub init"):
            await run_forwarder(hub, [to(receiver.url)])


async def test_a_listener_that_raises_ends_the_forwarder(sqlite: Hub, receiver: Receiver) -> None:
    """Its error comes out; nothing is swallowed."""

    def listen(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(run_forwarder(sqlite, [to(receiver.url)], on_report=listen), 60)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"url": "localhost:3000/hooks"}, "no URL"),
        ({"url": "ftp://host/"}, "no URL"),
        ({"url": "https://"}, "no URL"),
        ({"url": "https://host:99999/"}, "no URL"),
        ({"url": "https://ho st/"}, "no URL"),
        ({"url": "https://127.1/"}, "no URL"),
        ({"url": "https://2130706433/"}, "no URL"),
        ({"url": "https://127.0.0.1/", "public_only": True}, "not public"),
        ({"url": "https://[::1]/", "public_only": True}, "not public"),
        ({"url": "redis://10.0.0.1/0", "public_only": True}, "public_only is for receivers by HTTP"),
        ({"url": "nats://example.com", "public_only": True}, "public_only is for receivers by HTTP"),
        ({"url": "kafka://a:9092", "headers": {"x": "1"}}, "headers are for receivers by HTTP"),
        ({"secrets": ()}, "IMPACTIVE_WEBHOOK_SECRET"),
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"timeout": 0}, "timeout"),
        ({"concurrency": 0}, "concurrency"),
        ({"headers": {"Webhook-Signature": "v1,x"}}, "no header that can be added"),
        ({"headers": {"x y": "1"}}, "no header"),
        ({"headers": {"x": "a\r\nb: c"}}, "printable"),
    ],
)
def test_a_destination_that_cannot_work_is_refused(wrong: dict[str, Any], match: str) -> None:
    """Before anything is sent, in a sentence that shows no part of a URL."""
    with pytest.raises((ConfigurationError, ValueError), match=match) as caught:
        to(**{"url": "https://user:hunter2@example.com/hooks/hunter2"} | wrong)
    assert "hunter2" not in str(caught.value)


def test_a_destination_shows_no_secret() -> None:
    """Neither its secret, nor the user and the path of its URL, nor a header's value."""
    shop = to(
        "https://user:hunter2@example.com:8443/hunter2",
        secrets=(WebhookSecret(b"hunter2" * 4),),
        headers={"authorization": "hunter2"},
    )
    assert "hunter2" not in repr(shop)
    assert "hunter2" not in shop.place
    assert shop.place == "https://example.com:8443"
    assert shop.group == "forward:shop"
    assert shop.schedule is SOON
