"""The source for dlt: rows and cursor reach the destination together, or come again."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
duckdb: Any = pytest.importorskip("duckdb", reason="the extra `sync` is not installed")

from impactive_async import AsyncClient, Profile  # noqa: E402
from impactive_async.errors import InvalidArgumentError  # noqa: E402
from impactive_async.sandbox import Sandbox  # noqa: E402
from impactive_async.sync_source import source  # noqa: E402
from tests.examples.programs import environment  # noqa: E402
from tests.support import PATIENCE, often  # noqa: E402

PROGRAM = Path(__file__).with_name("program.py")
KILLS = often(3, 30)


async def sync(sandbox: Sandbox, folder: Path, *limit: int) -> tuple[int | None, str, str]:
    """Run the program to its end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, folder, *map(str, limit),
        env=environment(sandbox), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def sync_well(sandbox: Sandbox, folder: Path) -> int:
    """Run it, see that it succeeds, and return how often it touched files."""
    code, out, err = await sync(sandbox, folder)
    assert code == 0, err
    return int(out)


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with duckdb.connect(str(folder / "crm.duckdb")) as db:
        rows: list[tuple[Any, ...]] = db.sql(sql).fetchall()
        return rows


def add_deal(sandbox: Sandbox) -> str:
    return sandbox.state.add("deals", {"name": "Deal", "value": "12.50"}).id


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.impactive(populate=False)
async def test_killed_at_any_moment_and_run_again(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """A run that is killed at any moment and made good by others leaves no row out, and has none twice."""
    rng = random.Random(19)
    deals = [add_deal(impactive_sandbox)]
    moments = await sync_well(impactive_sandbox, tmp_path)
    killed = 0
    for kill in range(KILLS):
        deals += [add_deal(impactive_sandbox) for _ in range(rng.randint(1, 3))]
        limit = rng.randint(moments * kill // KILLS + 1, moments * (kill + 1) // KILLS)
        code, _, err = await sync(impactive_sandbox, tmp_path, limit)
        assert code in {0, -signal.SIGKILL}, err
        killed += code != 0
    await sync_well(impactive_sandbox, tmp_path)
    assert killed > 0
    assert Counter(row_id for (row_id,) in query(tmp_path, "SELECT id FROM workspace.deals")) == Counter(deals)


@pytest.mark.slow
@pytest.mark.impactive(populate=False)
async def test_what_the_list_does_not_show_is_a_gap(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """Rows that a capped list cannot show stand in `_gaps` as a span of time, and money is exact."""
    for _ in range(101):
        add_deal(impactive_sandbox)
    await sync_well(impactive_sandbox, tmp_path)
    assert query(tmp_path, "SELECT count(*), sum(value) = 1250 FROM workspace.deals") == [(100, True)]
    assert query(tmp_path, "SELECT kind, feed FROM workspace._gaps") == [("history", "zapier/deals")]


@pytest.mark.parametrize("kinds", ["deals", [], ["deals", "leads"]])
def test_unknown_kinds_are_refused(kinds: Any) -> None:
    """Kinds that do not exist are refused before anything is polled, and those that do are named."""
    with pytest.raises(InvalidArgumentError, match="collection of companies, contacts, deals, invoices, projects"):
        source(kinds=kinds)


def test_a_profile_belongs_to_one_client() -> None:
    """A profile beside a client of one's own would be ignored, and is refused."""
    with pytest.raises(InvalidArgumentError, match="make_client"):
        source(profile=Profile(), make_client=AsyncClient)
