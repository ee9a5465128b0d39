"""The sandbox: an emulator of the ImpactiveAI API in this process, on a port of its own."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

from aiohttp import web

from impactive_async.sandbox.control.server import ControlServer, is_control
from impactive_async.sandbox.dialect.dialect import make_dialect
from impactive_async.sandbox.dialect.poison import Poison
from impactive_async.sandbox.dialect.profile.files import ProfileSource, choose_profile
from impactive_async.sandbox.dialect.profile.overrides import Overrides, merge, override
from impactive_async.sandbox.dialect.profile.settings import PoisonKind
from impactive_async.sandbox.http.journal import RequestJournal
from impactive_async.sandbox.http.listener import Listener
from impactive_async.sandbox.http.observed import ObservedTraffic
from impactive_async.sandbox.http.pipeline import Pipeline
from impactive_async.sandbox.populations import Population
from impactive_async.sandbox.seeds import Beginning, change_lateness
from impactive_async.sandbox.snapshot.document import SnapshotSource
from impactive_async.sandbox.snapshot.sandboxes import RestoredParts, read_image, rebuild, write_snapshot
from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.clock import VirtualClock
from impactive_async.sandbox.world.ids import make_key
from impactive_async.sandbox.world.ticker import Ticker
from impactive_async.sandbox.world.times import Precision

__all__ = ["DEFAULT_NOW", "Sandbox"]

DEFAULT_NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class Sandbox(ObservedTraffic):
    """All 29 endpoints over one state, reachable at `url` with `api_key`.

    ```python
    async with Sandbox(seed="demo") as sb:
        ...                                       # talk to sb.url with sb.api_key
        await sb.clock.advance(days=3)            # due emails go out, answers come in
        sb.fail("POST /api/agent/contacts", status=429, retry_after=2)
        sb.requests                               # what arrived
    ```

    Args:
        seed: Decides all made-up data, ids and random numbers.
        now: The first time of the virtual clock (aware). Only `clock.advance` and `speed` move the clock.
        host, port: Address and port to listen on; port 0 picks a free one.
        api_key: The first valid key; by default made from the seed.
        workspace_id: The id of the workspace; by default made from the seed.
        profile: How to answer: a profile, or the path of one (`docs/profile.md`); by default the contract's.
        dialect: The name of a dialect in `DIALECTS`, instead of a profile.
        populate: The rows to start with: `"small"` has some of every plain kind; `"demo"` (or `True`) has also
            bookings, and sequences with mails and replies; `"large"` has more than lists show; `"none"` (or
            `False`) is empty.
        speed: Virtual seconds per real second; `None`: the clock stands still.
        timestamp_precision, stored_precision: Digits of printed and of stored timestamps; by default the same.
        zapier_since: Whether Zapier lists leave out a row exactly at `since` (`"exclusive"`) or show it again.
        contacts_default, contacts_max: Most rows of the agent's contacts without `limit`, and the largest `limit`.
        contact_replies_cap, sends_cap, replies_cap, enrollments_cap, zapier_cap: Most rows of these lists.
        max_batch: Largest batch of contacts. This and the nine options above go before the profile.
        reply_rate: Share of sends that are answered.
        audience: Whether the workspace has the Audience module.
        strict: Refuse ill-formed addresses, and enrolling people without one.
        chaos: Share of requests that fail, as `chaos` arms them.
        rate_limit, monotonic: Requests in any second of this clock beyond which 429 is answered.
        control, control_token: Whether the port serves the control API, and the token of its calls, if any.
        journal_limit: How many requests `requests` remembers; all by default.
        snapshot: Begin with what `snapshot` wrote, as bytes or as a path. It goes before all options above
            but `host`, `port`, `api_key`, `speed`, `monotonic`, `control` and `journal_limit`.
    """

    def __init__(
        self,
        seed: str | int = "demo",
        *,
        now: datetime = DEFAULT_NOW,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        workspace_id: str | None = None,
        profile: ProfileSource | None = None,
        dialect: str | None = None,
        populate: bool | Population = True,
        speed: float | None = None,
        timestamp_precision: Precision | None = None,
        stored_precision: Precision | None = None,
        reply_rate: float = 0.2,
        zapier_since: Literal["exclusive", "inclusive"] | None = None,
        contacts_default: int | None = None,
        contacts_max: int | None = None,
        contact_replies_cap: int | None = None,
        sends_cap: int | None = None,
        replies_cap: int | None = None,
        enrollments_cap: int | None = None,
        zapier_cap: int | None = None,
        max_batch: int | None = None,
        audience: bool = True,
        strict: bool = False,
        chaos: float = 0,
        rate_limit: int | None = None,
        journal_limit: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        control: bool = True,
        control_token: str | None = None,
        snapshot: SnapshotSource | None = None,
    ) -> None:
        overrides = Overrides(
            timestamp_precision=timestamp_precision,
            stored_precision=stored_precision,
            zapier_since=zapier_since,
            contacts_default=contacts_default,
            contacts_max=contacts_max,
            contact_replies_cap=contact_replies_cap,
            sends_cap=sends_cap,
            replies_cap=replies_cap,
            enrollments_cap=enrollments_cap,
            zapier_cap=zapier_cap,
            max_batch=max_batch,
        )
        image = None if snapshot is None else read_image(snapshot)
        seed = str(seed)
        self.clock = VirtualClock(now if image is None else image.world.now)
        self.api_key = api_key or make_key(seed if image is None else image.beginning.seed)
        spoken = make_dialect(override(choose_profile(profile, dialect), overrides), self.clock.now)
        self._beginning = Beginning(
            seed, now, audience, reply_rate, workspace_id, populate, chaos=chaos, strict=strict
        )
        world = self._beginning.world(self.clock, spoken)
        self.state = State(world)
        self._keys_made = 0
        self._ticker = Ticker(self.clock, speed)
        self._control = ControlServer(self, host, control_token) if control else None
        self._pipeline = Pipeline(
            world=world,
            dialect=spoken,
            keys={self.api_key},
            plan=self._beginning.plan(),
            journal=RequestJournal(journal_limit),
            rate_limit=rate_limit,
            monotonic=monotonic,
        )
        self._listener = Listener(self._pipeline, self._handle, host, port)
        if image is not None:
            self._go_on(rebuild(image, self.clock))

    async def start(self) -> Self:
        """Listen; from then on `url` is known.

        Raises:
            OSError: The port is taken.
            RuntimeError: It is running already.
        """
        await self._listener.open()
        self._ticker.start()
        return self

    async def stop(self) -> None:
        """Close the port and every connection, also those with a request under way; a second call does nothing."""
        await self._ticker.stop()
        await self._listener.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        control = self._control if is_control(request) else None
        return await (control or self._pipeline)(request)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end.

        Raises:
            RuntimeError: It is not running.
        """
        return self._listener.url

    @property
    def seed(self) -> str:
        """What all made-up data follows from."""
        return self._beginning.seed

    @property
    def speed(self) -> float | None:
        """Virtual seconds per real second; `None`: the clock stands still."""
        return self._ticker.speed

    async def set_speed(self, speed: float | None) -> None:
        """Let the clock run at another speed, or stand still, while the sandbox is running.

        Raises:
            ValueError: The speed is not above 0.
        """
        await self._ticker.change(speed)

    async def reset(
        self,
        *,
        seed: str | int | None = None,
        populate: bool | Population | None = None,
        now: datetime | None = None,
    ) -> None:
        """Begin anew: rows, clock, faults and the journal. `None` stands for what it was begun with.

        Keys stay valid, requests go on being numbered, and the dialect and the clock's speed stay as they are.

        Raises:
            ValueError: `now` has no time zone.
        """
        self._beginning = self._beginning.changed(None if seed is None else str(seed), populate, now)
        await self.clock.restart(self._beginning.now)
        spoken = make_dialect(self.profile, self.clock.now)
        self._pipeline.begin_anew(self._beginning.world(self.clock, spoken), spoken, self._beginning.plan())
        self.state.show(self._pipeline.world)

    def snapshot(self) -> bytes:
        """Return a file of all that the next answers depend on: rows, clock, ids, faults, limits, profile.

        Keys, the clock's speed and the requests so far are not in it, nor what your program put on the clock.

        Raises:
            SnapshotError: A row or a fault holds what no file can.
        """
        return write_snapshot(self._beginning, self._pipeline, self._keys_made)

    async def restore(self, snapshot: SnapshotSource) -> None:
        """Go on from a snapshot: the same file and the same calls give the same bytes.

        Keys stay valid, the clock's speed stays, the requests so far are forgotten.

        Raises:
            SnapshotError: It cannot be read, is damaged, or a newer version wrote it. Nothing has changed then.
        """
        image = read_image(snapshot)
        parts = rebuild(image, self.clock)
        await self.clock.restart(image.world.now)
        self._go_on(parts)

    def _go_on(self, parts: RestoredParts) -> None:
        self._beginning, self._keys_made = parts.image.beginning, parts.image.keys_made
        parts.serve(self._pipeline, self.clock)
        self.state.show(self._pipeline.world)

    @property
    def profile(self) -> Mapping[str, Any]:
        """The profile it answers by, with the options of this sandbox in it."""
        return self._pipeline.dialect.profile

    def change(self, operations: Mapping[str, Mapping[str, Any]]) -> None:
        """Change settings of the profile from the next request on: `change({"zapier.*": {"cap": 40}})`.

        Each setting replaces the one under the same pattern; longer patterns of the profile still go before it.

        Raises:
            ValueError: A value is not one that the format knows.
        """
        old = self._pipeline.dialect
        new = make_dialect(merge(old.profile, operations), self.clock.now, old)
        change_lateness(self._pipeline.world, old, new)
        self._pipeline.speak(new)

    def poison(self, noun: str, row_id: str, how: PoisonKind | None, *, field: str | None = None) -> None:
        """Print this row in a way that clients cannot read, wherever it is shown; `how=None` ends it.

        `noun` is that of a profile, such as `"replies"`; `Poison` explains the kinds and `field`.

        Raises:
            LookupError: There is no such row.
            ValueError: There is no such kind.
        """
        if not self.state.has(noun, row_id):
            raise LookupError(f"{noun} has no row {row_id}")
        self._pipeline.dialect.poison(noun, row_id, None if how is None else Poison(how, field))

    def add_key(self) -> str:
        """Make another valid key beside those there are."""
        self._keys_made += 1
        key = make_key(self.seed, self._keys_made)
        self._pipeline.keys.add(key)
        return key

    def revoke_key(self, key: str | None = None) -> None:
        """Revoke a key (default: `api_key`); it takes effect on the next request."""
        self._pipeline.keys.discard(self.api_key if key is None else key)
