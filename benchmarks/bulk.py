"""Creating and enrolling contacts by the thousand, against a bare aiohttp loop that sends the same batches.

    python benchmarks/bulk.py [--rows 50000] [--rounds 10] [--batch 40] [--check]

The sandbox runs in a process of its own, and is a fresh one for each run. In every round each contender creates
and enrolls all rows, in changing order; a ratio is taken within a round, and the median of these ratios is what
counts. The bare loop has the same JSON library, checks the status, keeps the ids and counts who is enrolled, and
does nothing else: no retries, no checks of rows, no journal. Both are fed by the same generator, and both have to
spell the rows as the wire does. The client's CPU time, of all its threads, is told as well: neighbours disturb it
less.

Memory is that of a process which creates and enrolls so many rows and nothing else: its peak above what it held
before the first row, for a tenth of the rows and for all of them.

`--check` exits with 1 if a ratio is below its gate, or memory grows with the input.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import aiohttp
import attrs
import orjson

from benchmarks._run import Result, shuffled
from impactive_async import AsyncClient
from impactive_async.bulk.journal.created import created_ids
from impactive_async.sandbox import ChaosKind, Sandbox

CONCURRENCY: Final = 4
ROWS, ROUNDS, BATCH = 50_000, 10, 40  # the batch: what `create_many` sends by default
BARE: Final = "bare aiohttp"
GATES: Final = {"impactive": 0.85, "impactive, with a journal": 0.92}
"""Of the bare loop's throughput over creating and enrolling. With a journal each batch waits for the disk."""
AIM: Final = 0.95
MOST_GROWTH: Final = 4 * 1024
"""KiB: what 45,000 rows more may add to the peak. Holding their ids alone would take as much."""

processes = multiprocessing.get_context("spawn")


def people(first: int, count: int) -> Iterator[dict[str, Any]]:
    """Rows as a CSV reader would give them."""
    for number in range(first, first + count):
        yield {
            "first_name": f"Ada {number}",
            "last_name": "Lovelace",
            "email": f"ada.{number}@example.com",
            "phone": f"+1 555 {number:07d}",
            "title": "Analyst",
        }


def wire_people(first: int, count: int) -> Iterator[dict[str, Any]]:
    """The same, as the wire spells them."""
    names = {"first_name": "firstName", "last_name": "lastName"}
    for row in people(first, count):
        yield {names.get(name, name): value for name, value in row.items()}


@attrs.frozen
class Target:
    """Where to send."""

    url: str
    key: str
    sequence: str


Chaos = tuple[float, ChaosKind]
"""How many of all answers go wrong, and how."""


def serve(answer: Connection, seed: str, chaos: Chaos | None) -> None:
    """Serve a sandbox until this process is terminated."""

    async def main() -> None:
        async with Sandbox(seed, populate=False, journal_limit=0) as sandbox:
            sequence = sandbox.state.create_sequence("Bulk", delays=[30])
            if chaos is not None:
                share, kind = chaos
                sandbox.chaos(share, (kind,))
            answer.send(Target(sandbox.url, sandbox.api_key, sequence.id))
            await asyncio.Event().wait()

    asyncio.run(main())


@asynccontextmanager
async def target(seed: str = "benchmark", chaos: Chaos | None = None) -> AsyncIterator[Target]:
    """A sandbox in a process of its own."""
    ours, theirs = processes.Pipe()
    server = processes.Process(target=serve, args=(theirs, seed, chaos), daemon=True)
    server.start()
    theirs.close()
    try:
        yield await asyncio.to_thread(ours.recv)
    finally:
        server.terminate()
        server.join()


@attrs.frozen
class Times:
    """Seconds for all rows."""

    create: float
    enroll: float
    cpu: float
    """Of the client, over both."""

    @property
    def both(self) -> float:
        """Seconds for all of it."""
        return self.create + self.enroll


async def bare(where: Target, first: int, count: int, batch: int) -> Times:
    """What the fastest honest script does."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(where.url, headers={"x-api-key": where.key}, connector=connector) as session:

        async def post(path: str, body: Any) -> Any:
            headers = {"Content-Type": "application/json"}
            async with session.post(path, data=orjson.dumps(body), headers=headers) as answer:
                answer.raise_for_status()
                return orjson.loads(await answer.read())

        async def all_batches(items: Iterator[Any], send: Callable[[list[Any]], Awaitable[None]]) -> float:
            async def work() -> None:
                while chunk := list(islice(items, batch)):
                    await send(chunk)

            begin = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for _ in range(CONCURRENCY):
                    group.create_task(work())
            return time.perf_counter() - begin

        ids: list[str] = []
        enrolled = 0

        async def create(chunk: list[Any]) -> None:
            ids.extend(row["id"] for row in await post("/api/agent/contacts", chunk))

        async def enroll(chunk: list[Any]) -> None:
            nonlocal enrolled
            answer = await post(f"/api/agent/sequences/{where.sequence}/enroll", {"contactIds": chunk})
            enrolled += answer["enrolled"]

        begin = time.process_time()
        creating = await all_batches(wire_people(first, count), create)
        enrolling = await all_batches(iter(ids), enroll)
        assert (len(ids), enrolled) == (count, count)
        return Times(creating, enrolling, time.process_time() - begin)


async def impactive(where: Target, first: int, count: int, batch: int, *, journal: bool) -> Times:
    """`create_many` and `enroll_many`."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "journal") if journal else None
        async with AsyncClient(where.key, base_url=where.url) as crm:
            begin, cpu = time.perf_counter(), time.process_time()
            made = await crm.contacts.create_many(
                people(first, count),
                journal=path,
                batch_size=batch,
                concurrency=CONCURRENCY,
                keep_results=not journal,
            )
            middle = time.perf_counter()
            ids = created_ids(path) if path else made.contact_ids or ()
            done = await crm.sequences.enroll_many(where.sequence, ids, batch_size=batch, concurrency=CONCURRENCY)
            end = time.perf_counter()
            cpu = time.process_time() - cpu
        assert (made.created, done.enrolled) == (count, count)
        return Times(middle - begin, end - middle, cpu)


CONTENDERS: Final[dict[str, Callable[[Target, int, int, int], Awaitable[Times]]]] = {
    BARE: bare,
    "impactive": lambda *args: impactive(*args, journal=False),
    "impactive, with a journal": lambda *args: impactive(*args, journal=True),
}


async def race(rows: int, rounds: int, batch: int) -> dict[str, list[Times]]:
    """Let each contender send all rows in every round, to a workspace that is empty when it begins."""
    times: dict[str, list[Times]] = {name: [] for name in CONTENDERS}
    for names in shuffled(CONTENDERS, rounds):
        for name in names:
            async with target() as where:
                await CONTENDERS[name](where, 10**8, 500, batch)  # warm
                times[name].append(await CONTENDERS[name](where, 0, rows, batch))
    return times


def show(times: dict[str, list[Times]], rows: int) -> dict[str, float]:
    """Print the table; returns the ratios that count."""
    ratios = {}
    print(
        f"{'':28}{'rows/s create':>15}{'rows/s enroll':>15}{'create':>9}{'enroll':>9}{'both':>9}{'us CPU/row':>12}"
    )
    base = times[BARE]
    for name, own in times.items():
        medians = [
            statistics.median(getattr(b, part) / getattr(o, part) for b, o in zip(base, own, strict=True))
            for part in ("create", "enroll", "both")
        ]
        speeds = [rows / statistics.median(getattr(o, part) for o in own) for part in ("create", "enroll")]
        cpu = statistics.median(o.cpu for o in own) / rows * 1e6
        print(
            f"{name:28}"
            + "".join(f"{speed:15,.0f}" for speed in speeds)
            + "".join(f"{median:9.3f}" for median in medians)
            + f"{cpu:12.2f}"
        )
        ratios[name] = medians[2]
    return ratios


def weigh(where: Target, first: int, count: int, batch: int, answer: Connection) -> None:
    """In a process of its own: how much the peak rises over the work, in KiB."""
    asyncio.run(impactive(where, first + count, 500, batch, journal=True))
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is what is held now
    before = peak()
    asyncio.run(impactive(where, first, count, batch, journal=True))
    answer.send(peak() - before)


def peak() -> int:
    """KiB that this process has held at the most; `ru_maxrss` counts what its parent held when it began it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = status.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


async def memory(rows: int, batch: int) -> list[int]:
    """KiB that a tenth of the rows, and all of them, add to the peak."""
    peaks = []
    async with target() as where:
        for number, count in enumerate((rows // 10, rows)):
            ours, theirs = processes.Pipe()
            process = processes.Process(target=weigh, args=(where, number * 10**7, count, batch, theirs))
            process.start()
            theirs.close()
            peaks.append(await asyncio.to_thread(ours.recv))
            process.join()
    return peaks


def results(_: int) -> list[Result]:
    """The rows of the table: throughput by the clock, as what counts in bulk is when it is done."""
    times = asyncio.run(race(ROWS, ROUNDS, BATCH))
    base = times[BARE]
    return [_throughput(name, base, own) for name, own in times.items() if own is not base]


def _throughput(name: str, base: list[Times], own: list[Times]) -> Result:
    ratios = [theirs.both / ours.both for theirs, ours in zip(base, own, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Result(
        benchmark=f"bulk: {ROWS:,} contacts created and enrolled, throughput, {name}",
        base=BARE,
        value=middle,
        low=low,
        high=high,
        gate=GATES[name],
        aim=AIM,
        more_is_better=True,
    )


def main() -> int:
    """Run it all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    print(
        f"{options.rows:,} contacts in batches of {options.batch}, {CONCURRENCY} at once; gates {GATES}, aim {AIM}"
    )
    ratios = show(asyncio.run(race(options.rows, options.rounds, options.batch)), options.rows)
    small, large = asyncio.run(memory(options.rows, options.batch))
    print(f"peak memory above the start: {small:,} KiB for {options.rows // 10:,} rows, {large:,} KiB for all")
    passed = all(ratios[name] >= gate for name, gate in GATES.items()) and large - small <= MOST_GROWTH
    return 0 if passed or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
