"""What a server's refusal means for a client's calls: servers that are a few bytes, and public names alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from impactive_async import (
    APIConnectionError,
    APIError,
    AsyncClient,
    ConfigurationError,
    RateLimitError,
    RetryPolicy,
    ServerError,
)
from tests.support import KEY, FakeClock, ManualClock, http, outcome, scripted, spin, until

WORKSPACE = b'{"id": "w_1"}'
EXACT = RetryPolicy(jitter=lambda seconds: seconds)


def answer(status: int, **headers: str) -> bytes:
    """The bytes of an answer that is no success, or of the workspace."""
    body = WORKSPACE if status == 200 else b""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return http("\n".join([f"{status} Some Words", f"Content-Length: {len(body)}", *lines]), body)


def client_of(url: str, **options: Any) -> AsyncClient:
    return AsyncClient(KEY, base_url=url, **{"retry": EXACT, "clock": FakeClock(), **options})


class Held:
    """A server that keeps each request until it is told what to answer."""

    def __init__(self) -> None:
        self.url = ""
        self.heads: list[str] = []
        self._answers: list[asyncio.Future[bytes]] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                told: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
                self._answers.append(told)
                writer.write(await told)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def tell(self, what: bytes) -> None:
        """Answer the oldest request that waits."""
        self._answers.pop(0).set_result(what)

    def tell_all(self, what: bytes) -> None:
        while self._answers:
            self.tell(what)


@asynccontextmanager
async def held() -> AsyncIterator[Held]:
    server = Held()
    async with await asyncio.start_server(server.converse, "127.0.0.1", 0) as listening:
        server.url = "http://127.0.0.1:{1}".format(*listening.sockets[0].getsockname())
        yield server
        server.tell_all(answer(503))


@pytest.mark.parametrize(
    "status", [408, 425, 429, 500, 502, 503, 504, 507, 509, *range(520, 528), 529, 530, 598, 599]
)
async def test_what_passes_is_asked_again(status: int) -> None:
    """A read that meets a passing status is sent again, whichever server or proxy made that status up."""
    async with scripted(answer(status), answer(200)) as server, client_of(server.url) as crm:
        assert (await crm.zapier.auth_test()).id == "w_1"
    assert len(server.heads) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501, 505])
async def test_what_does_not_pass_is_not_asked_again(status: int) -> None:
    """A refusal that would be the same a second later is raised at once."""
    async with scripted(answer(status)) as server, client_of(server.url) as crm:
        error = await outcome(crm.zapier.auth_test())
    assert (error.status, error.attempts, len(server.heads)) == (status, 1, 1)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 524, 529, 530])
async def test_a_create_that_may_have_acted_is_not_sent_again(status: int) -> None:
    """The same statuses end a create after one attempt, with an unknown outcome."""
    async with scripted(answer(status, Retry_After="1")) as server, client_of(server.url) as crm:
        error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
    assert (error.status, error.attempts, error.outcome_unknown) == (status, 1, True)


@pytest.mark.parametrize("status", [425, 429])
async def test_a_create_that_was_refused_before_acting_is_sent_again(status: int) -> None:
    """Too early, or too many: the server did nothing, and a second sending makes one contact."""
    created = http("201 Created\nContent-Length: 45", b'{"id":"c_1","firstName":"A","lastName":"Bcd"}')
    async with scripted(answer(status), created) as server, client_of(server.url) as crm:
        contact = await crm.contacts.create(first_name="A", last_name="Bcd")
    assert (contact.id, len(server.heads)) == ("c_1", 2)


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize("asked", ["0", "-5", "0.0", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_a_server_that_asks_for_no_time_gets_our_own_waits(status: int, asked: str) -> None:
    """`Retry-After` of nothing, less than nothing or the past: five attempts take 7.5 seconds all the same."""
    clock = FakeClock()
    refusals = [answer(status, Retry_After=asked)] * 5
    async with scripted(*refusals) as server, client_of(server.url, clock=clock) as crm:
        error = await outcome(crm.zapier.auth_test())
    assert (error.status, error.attempts) == (status, 5)
    assert clock.now - 1000 == pytest.approx(7.5)


async def test_a_short_retry_after_does_not_shorten_a_long_back_off() -> None:
    """The fourth wait is four seconds although the server asks for one: whichever is longer counts."""
    clock = FakeClock()
    refusals = [answer(429, Retry_After="1")] * 4
    async with scripted(*refusals, answer(200)) as server, client_of(server.url, clock=clock) as crm:
        await crm.zapier.auth_test()
    assert clock.waits == [1, 1, 2, 4]


@pytest.mark.parametrize("status", [429, 503, 502, 529])
async def test_a_retry_after_holds_up_the_whole_client(status: int) -> None:
    """Whatever passing status it comes with: nobody sends anything before the time that the server named."""
    clock = ManualClock()
    async with held() as server, client_of(server.url, clock=clock) as crm:
        first = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 1)
        server.tell(answer(status, Retry_After="20"))
        await until(lambda: crm.stats().in_flight == 0)
        others = [asyncio.create_task(crm.with_options(max_retries=9).zapier.auth_test()) for _ in range(3)]
        await spin()
        clock.advance(19.9)
        await spin()
        assert (len(server.heads), crm.stats().waiting) == (1, 4)
        while not all(call.done() for call in (first, *others)):
            clock.advance(0.1)
            await spin(20)
            server.tell_all(answer(200))
    assert len(server.heads) == 5


async def test_a_503_to_a_create_holds_up_the_others_too() -> None:
    """The create itself ends with an unknown outcome; what the server asked for holds for whoever comes next."""
    clock = FakeClock()
    replies = (answer(503, Retry_After="20"), answer(200))
    async with scripted(*replies) as server, client_of(server.url, clock=clock) as crm:
        error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
        assert (type(error), error.outcome_unknown, clock.waits) == (ServerError, True, [])
        await crm.zapier.auth_test()
    assert clock.waits == [20]


async def test_a_503_without_a_time_holds_up_its_own_call_alone() -> None:
    """One request that failed says nothing about the others."""
    clock = ManualClock()
    async with held() as server, client_of(server.url, clock=clock) as crm:
        first = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 1)
        server.tell(answer(503))
        await until(lambda: clock.sleepers == 1)
        second = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 2)
        server.tell(answer(200))
        await second
        clock.advance(0.5)
        await until(lambda: len(server.heads) == 3)
        server.tell(answer(200))
        await first


Hurry = Callable[[AsyncClient], AsyncClient]
HURRIES: dict[str, dict[str, Any]] = {
    "a short time-out": {"timeout": 2},
    "no retries": {"timeout": 10, "max_retries": 0},
    "a deadline": {"deadline": 20},
    "its policy": {"retry": RetryPolicy(longest_retry_after=30)},
}


@pytest.mark.parametrize("hurry", HURRIES.values(), ids=HURRIES)
async def test_a_call_in_a_hurry_is_told_at_once_how_long_the_pause_is(hurry: dict[str, Any]) -> None:
    """Whoever would wait less long than another's 429 asks for gets a `RateLimitError` and sends nothing."""
    clock = ManualClock()
    async with held() as server, client_of(server.url, clock=clock) as crm:
        patient = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 1)
        server.tell(answer(429, Retry_After="60"))
        await until(lambda: crm.stats().in_flight == 0)
        clock.advance(10)
        before = crm.stats()
        error = await outcome(crm.with_options(**hurry).contacts.list())
        assert type(error) is RateLimitError
        assert (error.retry_after, error.status, error.attempts, error.outcome_unknown) == (50.0, 429, 0, False)
        assert (error.method, error.path) == ("GET", "/api/agent/contacts")
        assert "Not sent" in str(error)
        assert len(server.heads) == 1
        assert (crm.stats().requests, crm.stats().failures) == (before.requests, before.failures + 1)
        assert (crm.stats().in_flight, crm.stats().waiting) == (0, 1)
        clock.advance(50)
        await until(lambda: len(server.heads) == 2)
        server.tell(answer(200))
        await patient


async def test_a_call_in_a_hurry_that_waits_already_is_told_as_soon_as_the_pause_begins() -> None:
    """Wherever in the line it stands: those before and behind it keep their places."""
    clock = ManualClock()
    async with held() as server, client_of(server.url, clock=clock, max_concurrency=1) as crm:
        first = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 1)
        patient = [asyncio.create_task(crm.zapier.auth_test()) for _ in range(2)]
        await spin(5)
        quick = asyncio.create_task(outcome(crm.zapier.auth_test(timeout=3, max_retries=0)))
        await spin(5)
        patient.append(asyncio.create_task(crm.zapier.auth_test()))
        await spin(5)
        server.tell(answer(429, Retry_After="60"))
        error = await quick
        assert (type(error), error.retry_after) == (RateLimitError, 60.0)
        assert not any(call.done() for call in (first, *patient))
        while not all(call.done() for call in (first, *patient)):
            clock.advance(10)
            await spin(20)
            server.tell_all(answer(200))
    assert len(server.heads) == 5


async def test_a_short_pause_is_waited_for_even_in_a_hurry() -> None:
    """A pause within a call's own bounds is no error."""
    clock = FakeClock()
    replies = (answer(429, Retry_After="3"), answer(200))
    async with scripted(*replies) as server, client_of(server.url, clock=clock) as crm:
        quick = crm.with_options(max_retries=0, timeout=5)
        assert type(await outcome(quick.zapier.auth_test())) is RateLimitError
        await quick.zapier.auth_test()
    assert clock.waits == [3]


async def test_bulk_work_is_in_no_hurry() -> None:
    """However short its time-outs are, a batch waits for a pause rather than fail all of its rows."""
    clock = FakeClock()
    replies = (answer(429, Retry_After="60"), http("201 Created\nContent-Length: 15", b'{"enrolled": 2}'))
    async with scripted(*replies) as server, client_of(server.url, clock=clock) as crm:
        await outcome(crm.zapier.auth_test(max_retries=0))
        report = await crm.sequences.enroll_many("s", ["a", "b"], timeout=2, max_retries=0)
    assert (report.enrolled, report.ok, clock.waits) == (2, True, [60])


async def test_a_call_that_is_told_to_wait_itself_waits_as_its_policy_says() -> None:
    """Its own 429 is bounded by `longest_retry_after` alone, however short its time-out is."""
    clock = FakeClock()
    replies = (answer(429, Retry_After="100"), answer(200))
    async with scripted(*replies) as server, client_of(server.url, clock=clock, timeout=4) as crm:
        await crm.zapier.auth_test()
    assert clock.waits == [100]


async def test_a_pause_does_not_hide_that_an_earlier_attempt_may_have_acted() -> None:
    """An enroll whose answer was lost, and whose repetition would wait too long, is of unknown outcome."""
    clock = ManualClock()
    async with held() as server, client_of(server.url, clock=clock) as crm:
        short = crm.with_options(timeout=2, max_retries=1)
        lost = asyncio.create_task(outcome(short.sequences.enroll("s", contact_ids=["c"])))
        other = asyncio.create_task(outcome(crm.zapier.auth_test(max_retries=0)))
        await until(lambda: len(server.heads) == 2)
        enroll_first = server.heads[0].startswith("POST")
        replies = [answer(502), answer(429, Retry_After="60")]
        for reply in replies if enroll_first else reversed(replies):
            server.tell(reply)
        await other
        await until(lambda: clock.sleepers == 1)
        clock.advance(0.5)
        error = await lost
    assert (type(error), error.status, error.outcome_unknown, error.attempts) == (ServerError, 502, True, 1)
    assert type(error.__cause__) is RateLimitError


async def test_after_a_pause_the_tasks_of_a_client_do_not_start_together() -> None:
    """Twelve calls that wait for the end of one pause are spread over a second and a half, in their order."""
    times: list[float] = []

    class Noting(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            times.append(self.now - 1000)

    replies = [answer(429, Retry_After="20"), *[answer(200)] * 13]
    async with scripted(*replies) as server, client_of(server.url, clock=Noting(), max_concurrency=16) as crm:
        assert type(await outcome(crm.zapier.auth_test(max_retries=0))) is RateLimitError
        await asyncio.gather(*(crm.zapier.auth_test() for _ in range(12)))
    assert times[0] == 20
    assert len(times) == 12
    assert all(later - earlier > 0.02 for earlier, later in pairwise(times))
    assert times[-1] < 24


async def test_with_a_rate_limit_they_start_at_that_rate() -> None:
    """The rate's own burst is not let out after a pause."""
    clock = FakeClock()
    replies = [answer(429, Retry_After="20"), *[answer(200)] * 10]
    async with scripted(*replies) as server, client_of(server.url, clock=clock, rate_limit=40) as crm:
        await outcome(crm.zapier.auth_test(max_retries=0))
        await asyncio.gather(*(crm.zapier.auth_test() for _ in range(10)))
    assert clock.waits == pytest.approx([20, *[0.025] * 9])


async def test_closing_lets_requests_under_way_finish() -> None:
    """With `drain=`, a request that was sent gets its answer; nothing is sent any more meanwhile."""
    async with held() as server:
        crm = client_of(server.url)
        call = asyncio.create_task(crm.zapier.auth_test())
        await until(lambda: len(server.heads) == 1)
        closing = asyncio.create_task(crm.aclose(drain=60))
        await spin()
        assert not closing.done()
        with pytest.raises(ConfigurationError, match="closed"):
            await crm.zapier.auth_test()
        server.tell(answer(200))
        assert (await call).id == "w_1"
        await closing
        assert repr(crm).endswith("(closed)>")
    assert len(server.heads) == 1


async def test_closing_does_not_wait_for_ever() -> None:
    """After `drain` seconds the connections are closed, and the calls end with what is known of them."""
    async with held() as server:
        crm = client_of(server.url)
        calls = [
            asyncio.create_task(outcome(call))
            for call in (crm.contacts.create(first_name="A", last_name="B"), crm.contacts.list())
        ]
        await until(lambda: len(server.heads) == 2)
        await crm.aclose(drain=0.01)
        create, read = await asyncio.gather(*calls)
        assert (type(create), create.outcome_unknown) == (APIConnectionError, True)
        assert isinstance(read, APIConnectionError | ConfigurationError)


async def test_closing_without_a_drain_waits_for_nothing() -> None:
    """By default a client is closed at once, with requests under way."""
    async with held() as server:
        crm = client_of(server.url, max_retries=0)
        call = asyncio.create_task(outcome(crm.zapier.auth_test()))
        await until(lambda: len(server.heads) == 1)
        await crm.aclose()
        assert type(await call) is APIConnectionError
        await spin()  # the transport closes its socket in a later turn of the loop


async def test_closing_wakes_whoever_waits() -> None:
    """At the gate, in the line, for a place or between two attempts: each ends at once and sends nothing."""
    clock = ManualClock()
    async with held() as server:
        crm = client_of(server.url, clock=clock, max_concurrency=2)
        repeated = asyncio.create_task(outcome(crm.zapier.auth_test()))
        await until(lambda: len(server.heads) == 1)
        server.tell(answer(503))
        await until(lambda: clock.sleepers == 1)  # between two attempts
        refused = asyncio.create_task(outcome(crm.zapier.auth_test()))
        await until(lambda: len(server.heads) == 2)
        server.tell(answer(429, Retry_After="60"))
        await until(lambda: clock.sleepers == 2)
        waiting = [asyncio.create_task(outcome(crm.zapier.auth_test())) for _ in range(5)]
        await spin()
        await crm.aclose()
        errors = await asyncio.gather(repeated, refused, *waiting)
        assert {type(error) for error in errors} == {ConfigurationError}
        assert all("was closed while the call waited" in str(error) for error in errors)
        assert isinstance(errors[0].__cause__, APIError)  # what the attempt before had met
        assert (crm.stats().in_flight, crm.stats().waiting) == (0, 0)
    assert len(server.heads) == 2


async def test_a_drained_request_that_fails_is_not_sent_again() -> None:
    """A call whose attempt fails while the client is closing ends with what its attempt met."""
    async with held() as server:
        crm = client_of(server.url, clock=ManualClock())
        calls = [
            asyncio.create_task(outcome(call))
            for call in (crm.sequences.enroll("s", contact_ids=["c"]), crm.zapier.auth_test())
        ]
        await until(lambda: len(server.heads) == 2)
        closing = asyncio.create_task(crm.aclose(drain=60))
        await spin()
        server.tell_all(answer(503))
        write, read = await asyncio.gather(*calls)
        await closing
    assert (type(write), write.outcome_unknown) == (ServerError, True)
    assert type(read) is ConfigurationError
    assert type(read.__cause__) is ServerError
    assert len(server.heads) == 2


@pytest.mark.parametrize("drain", [-1, float("nan"), float("inf"), "5", True, None])
async def test_a_drain_that_is_no_time_is_refused(drain: Any) -> None:
    """Seconds of at least 0; the client stays as it was."""
    crm = client_of("http://127.0.0.1:9")
    with pytest.raises(ValueError, match="drain is a number of seconds"):
        await crm.aclose(drain=drain)
    assert repr(crm).endswith("(open)>")
    await crm.aclose()
