"""A sync of deals by dlt: its own `rest_api` source with `incremental` against ours, over the same traffic.

    python -m benchmarks.sync [--hours 2] [--seeds 1]

Prints the table of docs/syncing.md. Both sides load into DuckDB files of their own, every five minutes of the
sandbox's time, and see the same seeded hours of comparison.py. A row is lost if the table does not have its last
version in the end. It is reported if it lies in a span of `_gaps`. Seconds are those of a run, the first left out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")

import dlt
import duckdb
from dlt.sources.rest_api import rest_api_source

from benchmarks.comparison import INTERVAL, TROUBLES, Traffic, Troubles
from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
from impactive_async.sync_source import run, source

CHOSEN: Final = tuple(one for one in TROUBLES if not one.crashes)
"""What tests/sync/test_kills.py does is left out: both sides keep rows and cursor in one load package."""
SCHEMA: Final = "workspace"


@attrs.define
class Score:
    """How one side did."""

    rows: int = 0
    lost: int = 0
    reported: int = 0
    requests: int = 0
    seconds: list[float] = attrs.Factory(list)


def plain(sandbox: Sandbox, pipeline: Any) -> None:
    """Sync as dlt's documentation has it: merged on the id, from the highest `updatedAt` on."""
    pipeline.run(
        rest_api_source(
            {
                "client": {
                    "base_url": sandbox.url,
                    "headers": {"x-api-key": sandbox.api_key},
                    "paginator": "single_page",
                },
                "resources": [
                    {
                        "name": "deals",
                        "primary_key": "id",
                        "write_disposition": "merge",
                        "endpoint": {
                            "path": "api/zapier/deals",
                            "params": {"since": "{incremental.start_value}"},
                            "incremental": {
                                "cursor_path": "updatedAt",
                                "initial_value": "1970-01-01T00:00:00.000Z",
                            },
                        },
                    }
                ],
            }
        )
    )


def ours(sandbox: Sandbox, pipeline: Any) -> None:
    """Sync by this package's source."""
    run(
        pipeline,
        source(kinds=["deals"], make_client=lambda: AsyncClient(sandbox.api_key, base_url=sandbox.url)),
    )


Side = Callable[[Sandbox, Any], None]
SIDES: Final[dict[str, Side]] = {"rest_api": plain, "ours": ours}


async def follow(side: Side, troubles: Troubles, seed: int, hours: float) -> Score:
    """Sync the deals of a workspace again and again, and compare the table with it."""
    precision: Any = "microseconds" if troubles.microseconds else "milliseconds"
    async with Sandbox(populate=False, seed=f"{troubles.name} {seed}", stored_precision=precision) as sandbox:
        traffic, score = Traffic(sandbox, troubles, seed, hours), Score()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "crm.duckdb"
            for _ in range(int(hours * 3600 / INTERVAL) + 1):
                score.seconds.append(await asyncio.to_thread(_once, side, sandbox, file))
                await sandbox.clock.advance(seconds=INTERVAL)
            score.seconds.append(await asyncio.to_thread(_once, side, sandbox, file))
            score.requests = len(sandbox.requests)
            _compare(score, traffic.truth("deals"), file)
        return score


def _once(side: Side, sandbox: Sandbox, file: Path) -> float:
    pipeline = dlt.pipeline(
        "crm",
        destination=dlt.destinations.duckdb(str(file)),
        dataset_name=SCHEMA,
        pipelines_dir=str(file.with_name("pipelines")),
    )
    begun = time.perf_counter()
    side(sandbox, pipeline)
    return time.perf_counter() - begun


def _compare(score: Score, truth: dict[str, datetime], file: Path) -> None:
    with duckdb.connect(str(file)) as db:
        found = dict(db.execute(f"SELECT id, updated_at FROM {SCHEMA}.deals").fetchall())
        named = db.execute("SELECT 1 FROM information_schema.tables WHERE table_name = '_gaps'").fetchall()
        gaps = db.execute(f'SELECT "after", "before" FROM {SCHEMA}._gaps').fetchall() if named else []
    lost = [stamp for row_id, stamp in truth.items() if row_id not in found or found[row_id] < stamp]
    told = [one for one in lost if any(_within(one, after, before) for after, before in gaps)]
    score.rows, score.reported, score.lost = len(truth), len(told), len(lost) - len(told)


def _within(stamp: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or after <= stamp) and (before is None or stamp <= before)


async def compare(troubles: Troubles, seeds: int, hours: float) -> dict[str, Score]:
    """Let each side follow the same hours, seed by seed; return how they did in all."""
    scores = {name: Score() for name in SIDES}
    for seed in range(seeds):
        for name, side in SIDES.items():
            one, whole = await follow(side, troubles, seed, hours), scores[name]
            whole.rows += one.rows
            whole.lost += one.lost
            whole.reported += one.reported
            whole.requests += one.requests
            whole.seconds += one.seconds[1:]
    return scores


def line(troubles: Troubles, scores: dict[str, Score]) -> str:
    """Return a line of the table."""
    theirs, mine = scores["rest_api"], scores["ours"]
    seconds = " / ".join(f"{statistics.median(one.seconds):.2f}" for one in (theirs, mine))
    return (
        f"| {troubles.name} | {mine.rows} | {theirs.lost}, {theirs.reported} | {mine.lost}, {mine.reported} "
        f"| {theirs.requests} / {mine.requests} | {seconds} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args(arguments)
    print("| traffic | rows | `rest_api`: lost silently, reported | ours: the same | requests | seconds a run |")
    print("|---|---:|---:|---:|---:|---:|")
    for troubles in CHOSEN:
        print(line(troubles, asyncio.run(compare(troubles, options.seeds, options.hours))), flush=True)


if __name__ == "__main__":
    main()
