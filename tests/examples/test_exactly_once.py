"""Rows and cursor in one transaction of the user's own database: killed at any moment, each row is there once."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest

from impactive_async.sandbox import Sandbox
from tests.examples.programs import running
from tests.hub.engines import POSTGRES_URL
from tests.support import give_up, often, spin

pytestmark = pytest.mark.slow

KILLS = often(6, 50)

Ids = Callable[[], Awaitable[list[str]]]
"""The ids of all rows in the database."""


@asynccontextmanager
async def sqlite_database(folder: Path) -> AsyncIterator[tuple[str, Ids]]:
    """The URL of a file, and what is in it."""
    file = folder / "crm.db"

    async def ids() -> list[str]:
        with closing(sqlite3.connect(file)) as db:
            return [row_id for (row_id,) in db.execute("SELECT id FROM deal_changes")]

    yield f"sqlite+aiosqlite:///{file}", ids


@asynccontextmanager
async def postgres_database(scheme: str) -> AsyncIterator[tuple[str, Ids]]:
    """The URL of a database of its own, and what is in it."""
    try:
        db = await asyncpg.connect(POSTGRES_URL)
    except OSError:
        give_up(f"no PostgreSQL at {POSTGRES_URL}")
    name = f"exactly_once_{uuid.uuid4().hex}"
    url = f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
    await db.execute(f"CREATE DATABASE {name}")

    async def ids() -> list[str]:
        with_rows = await asyncpg.connect(url)
        try:
            return [record["id"] for record in await with_rows.fetch("SELECT id FROM deal_changes")]
        finally:
            await with_rows.close()

    try:
        yield url.replace("postgresql:", f"{scheme}:", 1), ids
    finally:
        await db.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await db.close()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlalchemy sqlite", "sqlalchemy postgres", "asyncpg"])
@pytest.mark.impactive(populate=False)
async def test_a_program_that_is_killed_writes_each_row_once(
    impactive_sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    """Between poll and commit, within the commit, or behind it: no row is missing, and none is there twice."""
    rng = random.Random(kind)
    program = f"exactly_once_{kind.split()[0]}"
    deals: list[str] = []
    async with AsyncExitStack() as stack:
        if kind == "sqlalchemy sqlite":
            url, ids = await stack.enter_async_context(sqlite_database(tmp_path))
        else:
            scheme = "postgresql" if kind == "asyncpg" else "postgresql+asyncpg"
            url, ids = await stack.enter_async_context(postgres_database(scheme))
        for _ in range(KILLS):
            deals += [_deal(impactive_sandbox) for _ in range(rng.randint(1, 9))]
            async with running(impactive_sandbox, program, url, "--interval", "0.01") as victim:
                for _ in range(rng.randint(1, 6)):
                    if not await victim.line():
                        _, _, said = await victim.end()
                        pytest.fail(f"it ended by itself: {said}")
                await spin(rng.randint(0, 30))  # the kill comes somewhere behind that line
                victim.process.kill()
        deals.append(_deal(impactive_sandbox))
        async with running(impactive_sandbox, program, url, "--interval", "0.01") as last:
            while not {*deals} <= {*await ids()} and await last.line():
                pass
        assert Counter(await ids()) == Counter(deals)


@pytest.mark.impactive(populate=False)
async def test_of_two_programs_one_stops(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """The second to move the cursor says so, and has written nothing."""
    async with sqlite_database(tmp_path) as (url, ids):
        arguments = ("exactly_once_sqlalchemy", url, "--interval", "0.01")
        async with running(impactive_sandbox, *arguments) as one:
            await one.line()  # the tables are there
            async with running(impactive_sandbox, *arguments) as other:
                while one.process.returncode is None and other.process.returncode is None:
                    _deal(impactive_sandbox)
                    await one.line()
                    await other.line()
                stopped = one if one.process.returncode is not None else other
                code, _, said = await stopped.end()
                assert code == 1
                assert "another program" in said or "locked" in said
        assert len(set(await ids())) == len(await ids())


def _deal(sandbox: Sandbox) -> str:
    return sandbox.state.add("deals", {"name": "Deal"}).id
