"""Real child processes that import, to be killed; forked from a warm server, each costs milliseconds."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from attrs import frozen

from impactive_async import AsyncClient
from impactive_async.bulk.journal.file import JournalFile
from impactive_async.errors import BulkError, ImpactiveError, JournalError
from tests.bulk.model import Model, people

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload([__name__])

HASTE = 200.0
"""How much faster than time itself a child waits: half a minute of settling is over soon."""


class HastyClock:
    """Real time, in a hurry."""

    def monotonic(self) -> float:
        return time.monotonic() * HASTE

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HASTE)


@frozen
class Task:
    """What a child is to do."""

    url: str
    key: str
    journal: Path
    rows: int


def import_people(task: Task, told: Connection) -> None:
    """Import, telling how many rows are done, and at last the report's counts, or what went wrong."""

    async def main() -> Any:
        async with AsyncClient(task.key, base_url=task.url, clock=HastyClock()) as crm:
            return await crm.contacts.create_many(
                people(task.rows),
                journal=task.journal,
                max_retries=20,
                on_progress=lambda progress: told.send(progress.done),
            )

    try:
        report = asyncio.run(main())
    except ImpactiveError as error:
        told.send(str(error))
    else:
        told.send((report.rows, report.ok, str(report)))


def import_to_a_full_disk(path: Path, told: Connection) -> None:
    """Import into a model while a limit on the size of files makes writes fail, and again without the limit."""
    model = Model()
    rows = people(1000)

    def fill_the_disk(_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

    async def main() -> None:
        try:
            await model.run(rows, journal=path, on_progress=fill_the_disk)
        except BulkError as error:
            told.send((repr(error.__cause__), error.report.created, len(model.contacts)))  # type: ignore[union-attr]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        report = await model.run(rows, journal=path)
        told.send((report.ok, set(model.emails().values()), len(model.contacts)))

    asyncio.run(main())


def open_on_a_full_disk(path: Path, told: Connection) -> None:
    """Open a journal while nothing can be written, and again when that is over."""

    async def main() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        full = JournalFile(path)
        try:
            await full.open(create=True)
        except JournalError as error:
            told.send(str(error))
        finally:
            await full.aclose()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        file = JournalFile(path)
        await file.open(create=False)
        told.send(await file.execute("SELECT first FROM batches"))
        await file.aclose()

    asyncio.run(main())


def hold_journal(path: Path, held: Connection) -> None:
    """Open a journal, say so, and keep it until killed."""

    async def main() -> None:
        journal = JournalFile(path)
        await journal.open(create=True)
        await journal.put((0, 1, b"digest", 1, None, b"{}", b'[""]', b"[]", None, b"[]"))
        held.send("held")
        await asyncio.Event().wait()

    asyncio.run(main())


def spawn(target: Callable[..., None], *args: Any) -> BaseProcess:
    """Start a child."""
    process = children.Process(target=target, args=args, daemon=True)
    process.start()
    return process
