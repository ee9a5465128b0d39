"""A snapshot is a file; the same file and the same calls give the same bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from impactive_async.sandbox import Fault, Sandbox, SandboxControl, SandboxControlError, SnapshotError
from impactive_async.sandbox.snapshot.document import seal

Seen = list[tuple[int, dict[str, str], bytes]]


def stir(sandbox: Sandbox) -> None:
    """Put something into each corner of the state."""
    state = sandbox.state
    people = [row.id for row in state.rows("contacts")]
    first, second = state.create_sequence("First", [0, 1, 3]).id, state.create_sequence("Second", [2]).id
    state.enroll(first, people[:8])
    state.enroll(second, people[4:])
    state.unenroll(first, people[0])
    state.pause(second, people[5:6], "holiday")
    state.late_rows(timedelta(minutes=5), ["replies", "deals"])
    state.touch("deals", state.rows("deals")[0].id, {"name": "later", "day": date(2026, 5, 4)})
    state.remove("companies", state.rows("companies")[3].id)
    sandbox.poison("deals", state.rows("deals")[1].id, "nan")
    sandbox.change({"zapier.contacts.list": {"cap": 7}})
    moment = datetime(2026, 5, 9, tzinfo=UTC)
    sandbox.arm("GET /api/zapier/invoices", Fault(status=503, retry_after=moment, body=b"\x00"), times=2, after=1)
    sandbox.chaos(0.3, ["500", "html"])


async def exercise(sandbox: Sandbox) -> Seen:
    """Make the same calls, and return all that is seen of the answers."""
    seen: Seen = []
    headers = {"x-api-key": sandbox.api_key}
    async with aiohttp.ClientSession(sandbox.url, headers=headers) as session:

        async def call(method: str, path: str, body: Any = None) -> None:
            sent = {} if body is None else {"json": body}
            async with session.request(method, path, **sent) as answer:
                seen.append((answer.status, dict(answer.headers), await answer.read()))

        sequences = list(sandbox.state.sequences)
        for _ in range(3):
            for noun in ("contacts", "companies", "deals", "invoices", "projects"):
                await call("GET", f"/api/zapier/{noun}")
            for sequence in sequences:
                for noun in ("enrollments", "sends", "replies"):
                    await call("GET", f"/api/agent/sequences/{sequence}/{noun}")
            await call("POST", "/api/agent/contacts", {"firstName": "New", "lastName": "Person"})
            await call("POST", "/api/agent/bookings", {"title": "Call"})
            await sandbox.clock.advance(days=1, hours=3)
        await call("GET", "/api/agent/sequences")
    return seen


async def test_the_same_file_and_the_same_calls_give_the_same_bytes() -> None:
    """In the sandbox it was taken of, in another one, and in one that begins with it: down to the headers."""
    async with Sandbox(seed="one", reply_rate=0.7, monotonic=lambda: 0.0) as sandbox:
        stir(sandbox)
        await exercise(sandbox)
        taken = sandbox.snapshot()
        first = await exercise(sandbox)
        assert {status for status, _, _ in first} >= {200, 201, 500, 502}
        end = sandbox.snapshot()
        await sandbox.restore(taken)
        assert await exercise(sandbox) == first
        assert sandbox.snapshot() == end
    async with Sandbox(seed="other", populate=False, api_key=sandbox.api_key) as other:
        await other.restore(taken)
        assert await exercise(other) == first
    async with Sandbox(snapshot=taken) as begun:
        assert begun.api_key == sandbox.api_key
        assert await exercise(begun) == first


async def test_the_rate_limit_goes_on_where_it_was() -> None:
    """Requests of the last second still count, by their age; requests before it do not."""
    now = 100.0
    async with Sandbox(rate_limit=2, monotonic=lambda: now) as sandbox:
        await exercise(sandbox)
        now += 5
        first, _ = (await _statuses(sandbox, 1)), (now := now + 0.6)
        taken = sandbox.snapshot()
        assert first + await _statuses(sandbox, 2) == [200, 200, 429]
        now += 50
        await sandbox.restore(taken)
        assert await _statuses(sandbox, 2) == [200, 429]


async def _statuses(sandbox: Sandbox, count: int) -> list[int]:
    async with aiohttp.ClientSession(sandbox.url, headers={"x-api-key": sandbox.api_key}) as session:
        return [(await session.get("/api/zapier/deals")).status for _ in range(count)]


async def test_another_process_takes_and_restores_one(tmp_path: Path) -> None:
    """By the control API, whose answer is the file; who follows the requests hears of those that come after."""
    async with Sandbox() as sandbox, SandboxControl(sandbox.url) as control:
        stir(sandbox)
        taken = await control.snapshot()
        assert taken == sandbox.snapshot()
        first = await exercise(sandbox)
        followed = control.follow_requests(after=0)
        while (await anext(followed)).number < sandbox.journal.count:
            pass
        await control.restore(taken)
        assert await exercise(sandbox) == first
        assert (await anext(followed)).number == 1
        await followed.aclose()
        with pytest.raises(SandboxControlError, match="checksum"):
            await control.restore(taken.replace(b"Pilot", b"Pirat"))


def _newer(document: dict[str, Any]) -> None:
    document["snapshot"] = 2


def _changed(document: dict[str, Any]) -> None:
    document["state"]["requests"] = 7


def _stranger(document: dict[str, Any]) -> None:
    del document["snapshot"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [(_newer, "has version 2; .* Update"), (_changed, "checksum"), (_stranger, "not the snapshot")],
)
async def test_a_damaged_file_is_refused_and_nothing_changes(
    damage: Callable[[dict[str, Any]], None], told: str, tmp_path: Path
) -> None:
    """The message names the file and says what to do."""
    async with Sandbox() as sandbox:
        before = sandbox.snapshot()
        document = json.loads(before)
        damage(document)
        file = tmp_path / "taken.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(SnapshotError, match=f"taken.json.*{told}"):
            await sandbox.restore(file)
        file.write_bytes(before[:-20])
        with pytest.raises(SnapshotError, match="not JSON"):
            await sandbox.restore(file)
        assert sandbox.snapshot() == before
    with pytest.raises(SnapshotError, match="cannot be read: No such file"):
        Sandbox(snapshot=tmp_path / "none.json")


@pytest.mark.parametrize("place", ["world", "faults", "beginning"])
async def test_a_file_that_contradicts_itself_is_refused(place: str) -> None:
    """The checksum proves only who wrote it; each part is read as what it must be."""
    async with Sandbox() as sandbox:
        stir(sandbox)
        before = sandbox.snapshot()
        state = json.loads(before)["state"]
        match place:
            case "world":
                state["world"]["due_sends"][0]["sequence_id"] = "seq_none"
            case "faults":
                state["faults"]["armed"][0]["times"] = "twice"
            case _:
                del state["beginning"]["seed"]
        with pytest.raises(SnapshotError, match="damaged"):
            await sandbox.restore(seal(state))
        assert sandbox.snapshot() == before


async def test_what_no_file_can_hold_is_told() -> None:
    """A fault that waits for an event of this program, and a row with an object of it."""
    async with Sandbox() as sandbox:
        sandbox.fail("*", hold=asyncio.Event())
        with pytest.raises(SnapshotError, match="clear it first"):
            sandbox.snapshot()
        sandbox.clear_faults()
        sandbox.state.add("deals", {"name": object()})
        with pytest.raises(SnapshotError, match="a object cannot be saved"):
            sandbox.snapshot()
