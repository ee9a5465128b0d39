"""The embedded hub: one SQLite file, for the worker processes of one host.

The clock is the host's, which all processes that share the file share as well. It is read inside the transaction,
once the write lock is held. Each method is one transaction in one call to the database's
thread, or a part of one that calls made meanwhile share.

Only `init` and the methods that a worker calls make the file. The others refuse a path where no hub is: otherwise
a mistyped path would look like an empty hub.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from attrs import evolve

from impactive_async._checks import check_count, check_seconds
from impactive_async._disk.database import Database
from impactive_async._disk.grouped import GroupedDatabase
from impactive_async.errors import FencedError
from impactive_async.hub.contract.acks import flush_acks
from impactive_async.hub.contract.claim import Claim, IdlePoll, storable
from impactive_async.hub.contract.dead_letters import DeadLetter, dead_letters
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.holding import InFlightEvent, check_postponing, events_in_flight
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.contract.losses import restored_rows
from impactive_async.hub.contract.reader import MAX_DELIVERIES, Delivery, Row, check_positions, check_taking, read
from impactive_async.hub.contract.settings import SharedSettings, limit_of
from impactive_async.hub.contract.status import HubStatus, hub_status
from impactive_async.hub.contract.versions import steps_from
from impactive_async.hub.sqlite import counting, healing, holding, log, moving, schedule, schema
from impactive_async.hub.sqlite import dead_letters as buried
from impactive_async.hub.sqlite.steering import BREATH, SqliteSteering
from impactive_async.hub.sqlite.turns import Turns

T = TypeVar("T")


class SqliteHub(SqliteSteering, Hub):
    """A hub in one file.

    Args:
        path: The file; made by `init`, and by the first worker. On a local disk: SQLite's locks do not work over
            most network file systems.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        busy_timeout: Seconds to wait for another process's transaction before a `HubError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate_limit: float | None = None,
        retention: float = 7 * 86_400.0,
        busy_timeout: float = 10.0,
    ) -> None:
        super().__init__(GroupedDatabase(path, schema.FORMAT, busy_timeout=busy_timeout))
        self._settings = SharedSettings(rate_limit)
        self._retention = check_seconds(retention, "retention")
        self._turns = Turns(lambda turn: self._write(turn, lasting=False))

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._write(lambda connection, now: schedule.add(connection, now, feed, cursor))

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        claims = await self.claim_many(lease, 1)
        return claims[0] if claims else None

    async def claim_many(self, lease: float, count: int) -> list[Claim]:
        """See `Hub.claim_many`."""
        check_seconds(lease, "lease")
        claims = await self._turns.claim(lease, count)
        return claims if self._settings.rate is None else [evolve(claim, permitted=False) for claim in claims]

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        check_seconds(again_in, "again_in")
        entries = [(event.id, event.to_json()) for event in events]  # not while others wait for the lock
        await self._write(
            lambda connection, now: schedule.commit(connection, now, claim, cursor, entries, again_in, gaps)
        )

    async def commit_idle(self, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        """See `Hub.commit_idle`; they are flushed to the disk with what is committed next, or within a second."""
        for poll in polls:
            check_seconds(poll.again_in, "again_in")
        return await self._turns.commit_idle(polls)

    async def permit(self) -> float:
        """See `Hub.permit`."""
        own = self._settings.rate
        if own is None and not await self._read(schedule.is_limited):
            return 0.0  # reading is cheap; a write would be flushed to the disk
        return await self._write(lambda connection, now: schedule.permit(connection, now, own))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        limit = self._settings.rate.limit if self._settings.rate else None
        recorded = await self._write(lambda connection, _: schedule.bind(connection, workspace, limit))
        self._settings.agree(workspace, recorded)

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._change(lambda connection, _: schedule.set_setting(connection, "workspace", workspace))

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        limit = limit_of(rate_limit)
        await self._change(lambda connection, _: schedule.set_setting(connection, "rate_limit", limit))

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""
        steps = [rows async for (rows,) in self._in_steps(counting.list_feeds, "")]
        return {feed: error for rows in steps for feed, error in rows}

    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        """See `Hub.cursors`."""
        return await self._read(lambda connection: schedule.cursors(connection, feeds))

    async def heal(self) -> list[str]:
        """See `Hub.heal`; somebody may have deleted rows by hand, or a whole table."""
        losses = await self._write(lambda connection, _: healing.heal(connection))
        if gone := await self._forget_lost_events():
            losses.append(
                f"{gone} times an event that a group waited for; all feeds are followed from their beginning"
            )
        return losses + restored_rows(await self._restored())

    async def _restored(self) -> dict[str, list[int | None]]:
        restored: dict[str, list[int | None]] = {}
        while rows := await self._write(lambda connection, _: healing.restore(connection)):
            for group, number in rows.items():
                restored.setdefault(group, []).append(number)
            await asyncio.sleep(BREATH)
        return restored

    async def _forget_lost_events(self) -> int:
        place: healing.Place | None = ("", 0)
        gone = 0
        while place:
            found, place = await self._look_for_lost_events(place)
            gone += len(found)
        return gone

    async def _look_for_lost_events(
        self, place: healing.Place
    ) -> tuple[list[healing.Place], healing.Place | None]:
        found, after = await self._read(lambda connection: healing.without_event(connection, place))
        if found:
            await self._write(lambda connection, _: healing.forget(connection, found))
        return found, after

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        check_seconds(again_in or 0.0, "again_in")
        await self._write(lambda connection, now: schedule.fail(connection, now, claim, storable(error), again_in))

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._write(lambda connection, now: schedule.release(connection, now, claim))

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return await self._change(lambda connection, _: schedule.remove(connection, feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return await self._change(lambda connection, now: schedule.revive(connection, now, feed))

    async def receive(
        self,
        group: str,
        *,
        count: int = 20,
        visibility: float = 60.0,
        max_deliveries: int | None = MAX_DELIVERIES,
    ) -> list[Delivery]:
        """See `Hub.receive`."""
        check_taking(count, visibility, max_deliveries)
        rows = await self._change(
            lambda connection, now: _receive(connection, now, group, count, visibility, max_deliveries)
        )
        return await read(self, group, rows)

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        await self._change(lambda connection, _: log.ack(connection, group, check_positions(positions)))

    async def reject(self, group: str, position: str, reason: str) -> None:
        """See `Hub.reject`."""
        check_positions([position])
        why = storable(reason)
        await self._change(lambda connection, _: buried.reject(connection, group, position, why))

    async def hold(self, group: str, holder: str, seconds: float) -> bool:
        """See `ExclusiveReading.hold`."""
        check_seconds(seconds, "seconds")
        return await self._change(lambda connection, now: holding.hold(connection, now, group, holder, seconds))

    async def in_flight(
        self, group: str, *, visibility: float, count: int = 1000, after: str = "0"
    ) -> list[InFlightEvent]:
        """See `ExclusiveReading.in_flight`."""
        check_positions([after])
        check_count(count, "count")
        await self._moved(group)
        rows = await self._change(lambda connection, now: holding.in_flight(connection, now, group, count, after))
        return await events_in_flight(self, group, rows)

    async def postpone(
        self, group: str, position: str, seconds: float, *, deliveries: int, visibility: float
    ) -> None:
        """See `ExclusiveReading.postpone`."""
        check_postponing(position, seconds, deliveries, visibility)
        await self._change(
            lambda connection, now: holding.postpone(connection, now, group, position, seconds, deliveries)
        )

    async def dead_letters(self, group: str, *, count: int = 100) -> list[DeadLetter]:
        """See `Hub.dead_letters`."""
        check_count(count, "count")
        await self._moved(group)
        return dead_letters(group, await self._read(lambda connection: buried.listed(connection, group, count)))

    async def replay(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.replay`."""
        return await self._settle_letters(buried.replay, group, positions)

    async def drop(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.drop`."""
        return await self._settle_letters(buried.drop, group, positions)

    async def _settle_letters(self, settle: buried.Settle, group: str, positions: Sequence[str] | None) -> int:
        check_positions(positions or [])
        await self._moved(group)
        total = step = await self._change(lambda connection, now: settle(connection, now, group, positions))
        while positions is None and step == log.STEP:
            await asyncio.sleep(BREATH)
            step = await self._change(lambda connection, now: settle(connection, now, group, None))
            total += step
        return total

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        is_gone = False
        while not is_gone:
            is_gone = await self._change(lambda connection, _: log.drop_group(connection, group))
            await asyncio.sleep(BREATH)

    async def trim(self) -> int:
        """See `Hub.trim`; in steps, between which others have their turn."""
        deleted = 0
        place: int | None = 0
        while place is not None:
            count, place = await self._trim_step(place)
            deleted += count
            await asyncio.sleep(BREATH)
        return deleted

    async def _trim_step(self, place: int) -> tuple[int, int | None]:
        before = time.time() - self._retention
        last, after = await self._read(lambda connection: log.look(connection, before, place))
        if last == place:  # so nobody has to wait for the lock
            return 0, after
        return await self._change(lambda connection, _: log.trim(connection, before, place, last)), after

    async def status(self) -> HubStatus:
        """See `Hub.status`; counted in steps, between which others have their turn."""
        return hub_status(f"SQLite {sqlite3.sqlite_version}", await self._counted())

    async def init(self, *, upgrade: bool = False) -> None:
        """See `Hub.init`. The methods that a worker calls make a file as well."""
        if upgrade:
            upgrading = Database(self._database.path, schema.UPGRADING)
            await upgrading.write(lambda connection: None)
            await upgrading.aclose()
        await self._write(lambda connection, now: None)

    async def upgrades(self) -> list[str]:
        """See `Hub.upgrades`."""
        if not self._is_there():
            return []
        with schema.FORMAT.explained(Path(self._database.path)):
            return steps_from(await asyncio.to_thread(schema.version_of, self._database.path))

    async def check(self) -> None:
        """Refuse a file that is damaged, another program's, or of another version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        await self._write(lambda connection, now: None)

    async def aclose(self) -> None:
        """See `Hub.aclose`; the next use opens the file again."""
        await flush_acks(self)
        await self._database.aclose()


def _receive(
    connection: sqlite3.Connection, now: float, group: str, count: int, visibility: float, most: int | None
) -> list[Row]:
    if not moving.move_on(connection, group):
        return []
    return log.receive(connection, now, group, count, visibility, most)
