"""The sandbox: an emulator of the ImpactiveAI API in this process, on a port of its own."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from aiohttp import web

from .clock import VirtualClock
from .faults import CHAOS_KINDS, Armed, ChaosKind, Fault, FaultPlan
from .ids import make_key
from .journal import Journal, RecordedRequest
from .pipeline import Pipeline, roomy_request
from .routes import check_pattern
from .rules import Rules
from .seeds import fill, new_world
from .state import State
from .ticker import Ticker
from .times import Precision

__all__ = ["DEFAULT_NOW", "Sandbox"]

DEFAULT_NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
_LAST_WORDS = 0.2  # seconds that a client gets to take its answer when the sandbox stops


class Sandbox:
    """All 29 endpoints over one state, reachable at `url` with `api_key`.

    ```python
    async with Sandbox(seed="demo") as sb:
        ...                                       # talk to sb.url with sb.api_key
        await sb.clock.advance(days=3)            # due emails go out, answers come in
        sb.fail("POST /api/agent/contacts", status=429, retry_after=2)
        sb.requests                               # what arrived
    ```

    Args:
        seed: What everything made up follows from.
        now: Where the virtual clock stands at first (aware); it moves only by `clock.advance` or with `speed`.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        api_key: The first valid key; by default made from the seed.
        workspace_id: The id of the workspace; by default made from the seed.
        populate: Start with some rows of every kind instead of an empty workspace.
        speed: Virtual seconds per real second; `None`: the clock stands still.
        timestamp_precision: Digits of printed timestamps.
        stored_precision: Digits of stored ones; by default as printed.
        reply_rate: Share of sends that are answered.
        zapier_since: Whether Zapier lists leave out a row exactly at `since` (`"exclusive"`) or show it again.
        contacts_default: Page of the agent's contacts without `limit`.
        contacts_max: Largest `limit`.
        contact_replies_cap: Page of a contact's replies.
        sends_cap: Page of a sequence's sends.
        replies_cap: Page of a sequence's replies.
        enrollments_cap: Page of a sequence's enrollments; none by default.
        zapier_cap: Page of the Zapier lists.
        max_batch: Largest batch of contacts; none by default.
        audience: Whether the workspace has the Audience module.
        rate_limit: Requests in any real second beyond which 429 is answered.
        journal_limit: How many requests `requests` remembers; all by default.
        monotonic: Real time in seconds, for the rate.
    """

    def __init__(
        self,
        seed: str = "demo",
        *,
        now: datetime = DEFAULT_NOW,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        workspace_id: str | None = None,
        populate: bool = True,
        speed: float | None = None,
        timestamp_precision: Precision = "milliseconds",
        stored_precision: Precision | None = None,
        reply_rate: float = 0.2,
        zapier_since: Literal["exclusive", "inclusive"] = "exclusive",
        contacts_default: int = 100,
        contacts_max: int = 500,
        contact_replies_cap: int = 100,
        sends_cap: int = 500,
        replies_cap: int = 500,
        enrollments_cap: int | None = None,
        zapier_cap: int = 100,
        max_batch: int | None = None,
        audience: bool = True,
        rate_limit: int | None = None,
        journal_limit: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        rules = Rules(
            contacts_default=contacts_default,
            contacts_max=contacts_max,
            contact_replies_cap=contact_replies_cap,
            sends_cap=sends_cap,
            replies_cap=replies_cap,
            enrollments_cap=enrollments_cap,
            zapier_cap=zapier_cap,
            max_batch=max_batch,
            zapier_since=zapier_since,
            precision=timestamp_precision,
            stored_precision=stored_precision or timestamp_precision,
            audience=audience,
            reply_rate=reply_rate,
        )
        self.clock = VirtualClock(now.astimezone(UTC))
        self.api_key = api_key or make_key(seed)
        world = new_world(seed, self.clock, rules, workspace_id)
        if populate:
            fill(world)
        self.state = State(world)
        self._seed = seed
        self._keys_made = 0
        self._address = (host, port)
        self._runner: web.ServerRunner | None = None
        self._ticker = None if speed is None else Ticker(self.clock, speed)
        self._pipeline = Pipeline(
            world=world,
            keys={self.api_key},
            plan=FaultPlan(seed),
            journal=Journal(journal_limit),
            rate_limit=rate_limit,
            monotonic=monotonic,
        )

    # Life.

    async def start(self) -> Self:
        """Listen; from here on `url` is known.

        Raises:
            OSError: The port is taken.
            RuntimeError: It is running already.
        """
        if self._runner is not None:
            raise RuntimeError("this sandbox is running already")
        server = web.Server(self._pipeline, request_factory=roomy_request, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_LAST_WORDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, *self._address).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        if self._ticker is not None:
            self._ticker.start()
        return self

    async def stop(self) -> None:
        """Close the port and every connection, whatever their requests are waiting for; stopping twice is fine."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._ticker is not None:
            await self._ticker.stop()
        for task in list(self._pipeline.in_flight):
            task.cancel()
        await runner.cleanup()
        await asyncio.sleep(0)  # lets the transports close before the caller's loop may end

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end.

        Raises:
            RuntimeError: It is not running.
        """
        if self._runner is None:
            raise RuntimeError("this sandbox is not running: use `async with`, or await start()")
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    # Keys.

    def add_key(self) -> str:
        """Make another valid key beside those there are."""
        self._keys_made += 1
        key = make_key(self._seed, self._keys_made)
        self._pipeline.keys.add(key)
        return key

    def revoke_key(self, key: str | None = None) -> None:
        """Revoke a key (default: `api_key`); it takes effect on the next request."""
        self._pipeline.keys.discard(self.api_key if key is None else key)

    # Trouble.

    def fail(
        self,
        pattern: str,
        *,
        times: int | None = 1,
        after: int = 0,
        commit: bool = False,
        delay: float = 0,
        hold: asyncio.Event | None = None,
        disconnect: bool = False,
        drop_after_commit: bool = False,
        status: int | None = None,
        retry_after: float | str | datetime | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        redirect_to: str | None = None,
        truncate: bool = False,
        die_mid_body: bool = False,
        drop_keepalive: bool | Literal["at_once", "on_reuse"] = False,
    ) -> Armed:
        """Make the next requests of a route fail.

        `pattern` is verb and template, such as `"GET /api/agent/sequences/:id"`, or `"*"`. The first `after`
        requests pass, the next `times` are struck (`None`: all). `drop_after_commit` is short for `disconnect`
        with `commit`, `drop_keepalive=True` for `"at_once"`; all else is explained at `Fault`.

        Returns:
            A handle whose `hits` counts the requests struck.
        """
        fault = Fault(
            commit=commit or drop_after_commit,
            delay=delay,
            hold=hold,
            disconnect=disconnect or drop_after_commit,
            status=status,
            retry_after=retry_after,
            headers=headers or {},
            body=body,
            content_type=content_type,
            redirect_to=redirect_to,
            truncate=truncate,
            die_mid_body=die_mid_body,
            drop_keepalive="at_once" if drop_keepalive is True else (drop_keepalive or None),
        )
        return self.arm(pattern, fault, times=times, after=after)

    def arm(self, pattern: str, fault: Fault, *, times: int | None = 1, after: int = 0) -> Armed:
        """The same as `fail` with a `Fault` made beforehand.

        Raises:
            ValueError: No endpoint is called that; such a fault would never strike.
        """
        check_pattern(pattern)
        return self._pipeline.plan.arm(pattern, fault, times, after)

    def chaos(self, rate: float, kinds: Sequence[ChaosKind] = CHAOS_KINDS) -> None:
        """Strike this share of all requests with trouble of these kinds, drawn from the seed."""
        self._pipeline.plan.chaos(rate, kinds)

    def clear_faults(self) -> None:
        """End all trouble, chaos included."""
        self._pipeline.plan.clear()

    # What arrived.

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The requests in order of arrival, at most `journal_limit` of them."""
        return tuple(self._pipeline.journal)

    def requests_to(self, pattern: str) -> tuple[RecordedRequest, ...]:
        """Those to one route, such as `"POST /api/agent/contacts"`.

        Raises:
            ValueError: No endpoint is called that; there would never be any.
        """
        check_pattern(pattern)
        return tuple(request for request in self._pipeline.journal if pattern in ("*", request.route))

    async def arrived(self, pattern: str = "*", count: int = 1) -> None:
        """Wait until that many requests to a route are in `requests`, answered or not."""
        await self.until(lambda: len(self.requests_to(pattern)) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, such as a write to be committed; looked at whenever `requests` changes."""
        while not condition():
            await self._pipeline.journal.change()

    @property
    def peak_rate(self) -> int:
        """The most requests that arrived within any real second."""
        return self._pipeline.arrivals.peak

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were being answered at one time."""
        return self._pipeline.peak_in_flight
