"""What long work holds in memory: an import of a million rows, and a worker with 10,000 feeds over a month.

    python -m benchmarks.memory import [--rows 10000 100000 1000000]
    python -m benchmarks.memory worker [--feeds 9999] [--days 30]

The import creates contacts with a journal and enrolls them, in a process that does nothing else, for each number
of rows; what counts is how far its peak rises above what it held before the first row.

The worker is a process with `run_worker` on a hub in an SQLite file. A server of its own lists a third as many
sequences as there are feeds (enrollments, sends, replies). Its clock is the work itself: once all lists have been
asked for, a day has passed, and each list has a new row. The feeds are always due, so a day takes as long as it
takes. What the worker's process holds is read each day. If it grows by less from the second day to the last than
the gate, the exit code is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks import bulk
from benchmarks.call import Canned
from impactive_async import AsyncClient
from impactive_async.hub import SqliteHub, run_worker
from impactive_async.hub.worker.reports import Polled, Report

KEY: Final = "icrm_" + "a" * 32
ROWS: Final = (10_000, 100_000, 1_000_000)
BATCH: Final = 100
BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
KINDS: Final = ("enrollments", "sends", "replies")
GATE: Final = 8 * 1024
"""KiB that a month may add after its first two days: less than a kilobyte for each of 10,000 feeds."""

_LIST: Final = re.compile(r"/api/agent/sequences/(s\d+)/(\w+)")


class MonthOfLists:
    """What the server shows: on each day, each list has a new row, and the last ten of them."""

    def __init__(self, feeds: int) -> None:
        self._sequences = feeds // len(KINDS)
        self._asked = 0

    @property
    def now(self) -> datetime:
        """When it is."""
        return BEGINNING + timedelta(days=self._asked / (self._sequences * len(KINDS)))

    def _shown(self, path: str) -> Any:
        if found := _LIST.fullmatch(path):
            self._asked += 1
            return [
                self._row(found[1], found[2], day) for day in range(self._today, max(self._today - 10, -1), -1)
            ]
        if path == "/api/agent/sequences":
            names = (f"s{number}" for number in range(self._sequences))
            moment = self._stamp(0)
            return [
                {"id": one, "name": one, "status": "active", "createdAt": moment, "updatedAt": moment}
                for one in names
            ]
        return {"id": "ws_1", "name": "Memory"}

    def answer_to(self, path: bytes) -> bytes:
        """The answer to a request, as it goes over the wire."""
        body = orjson.dumps(self._shown(path.decode()))
        date = format_datetime(self.now, usegmt=True)
        head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    @property
    def _today(self) -> int:
        return (self.now - BEGINNING).days

    def _stamp(self, day: int) -> str:
        return (BEGINNING + timedelta(days=day)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _row(self, sequence: str, kind: str, day: int) -> dict[str, Any]:
        row_id, at = f"{sequence}-{kind}-{day}", self._stamp(day)
        if kind == "enrollments":
            return {"id": row_id, "contactId": f"c{day}", "status": "active", "updatedAt": at}
        row = {
            "id": row_id,
            "contactId": f"c{day}",
            "subject": "Hello",
            "emailDate": at,
            "fromEmail": "a@b.example",
        }
        return {**row, "enrollmentId": f"e{day}", "sequenceEnrollmentId": f"e{day}"}


def serve(told: Connection, feeds: int) -> None:
    """Serve until this process is terminated."""

    async def run() -> None:
        lists = MonthOfLists(feeds)
        server = await asyncio.get_running_loop().create_server(lambda: Canned(lists.answer_to), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def held() -> int:
    """KiB that this process holds."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def work(told: Connection, port: int, feeds: int, days: int) -> None:
    """In a process of its own: poll each feed once a day; send back what is held at the end of each day."""

    async def run(folder: str) -> None:
        stop, polls = asyncio.Event(), 0

        def count(report: Report) -> None:
            nonlocal polls
            if isinstance(report, Polled):
                polls += 1
                if polls % feeds == 0:
                    told.send(held())
                if polls >= feeds * days:
                    stop.set()

        async with (
            AsyncClient(KEY, base_url=f"http://127.0.0.1:{port}") as crm,
            SqliteHub(Path(folder, "hub.db"), retention=3600.0) as hub,
        ):
            await hub.init()
            await run_worker(crm, hub, kinds=KINDS, interval=1.0, concurrency=8, stop=stop, on_report=count)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))


async def month(feeds: int, days: int) -> list[int]:
    """KiB that a worker's process holds at the end of each day."""
    ours, theirs = bulk.processes.Pipe()
    server = bulk.processes.Process(target=serve, args=(theirs, feeds), daemon=True)
    server.start()
    port = await asyncio.to_thread(ours.recv)
    worker = bulk.processes.Process(target=work, args=(theirs, port, feeds, days), daemon=True)
    worker.start()
    try:
        sizes = []
        for day in range(days):
            sizes.append(await asyncio.to_thread(ours.recv))
            print(f"day {day + 1}: {sizes[-1]:,} KiB", flush=True)
        return sizes
    finally:
        worker.terminate()
        server.terminate()


async def imports(rows: list[int]) -> list[int]:
    """KiB that so many rows add to the peak."""
    peaks = []
    async with bulk.target() as where:
        for number, count in enumerate(rows):
            ours, theirs = bulk.processes.Pipe()
            process = bulk.processes.Process(target=bulk.weigh, args=(where, number * 10**7, count, BATCH, theirs))
            process.start()
            theirs.close()
            peaks.append(await asyncio.to_thread(ours.recv))
            process.join()
            print(f"{count:,} rows created with a journal, and enrolled: {peaks[-1]:,} KiB", flush=True)
    return peaks


def main() -> int:
    """Run one of the two; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("import", "worker"))
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--feeds", type=int, default=9999)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    if options.what == "import":
        peaks = asyncio.run(imports(options.rows))
        return 0 if peaks[-1] - peaks[0] <= GATE else 1
    sizes = asyncio.run(month(options.feeds, options.days))
    return 0 if sizes[-1] - sizes[min(1, len(sizes) - 1)] <= GATE else 1


if __name__ == "__main__":
    sys.exit(main())
