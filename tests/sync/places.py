"""Where tests sync to: a DuckDB file, or a dataset of the machine's PostgreSQL that is dropped afterwards."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import attrs
import dlt
import duckdb
import psycopg2

from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
from impactive_async.sync_source import KINDS, TableSummary, Tally, destination, run, source
from tests.support import give_up

POSTGRES_URL = os.environ.get("IMPACTIVE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
ENGINES = ("duckdb", "postgres")


@attrs.frozen
class Place:
    """A database to sync into, and the dataset there."""

    url: str
    dataset: str
    file: Path | None = None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database answers; tables are found without their schema."""
        if self.file is not None:
            with duckdb.connect(str(self.file)) as db:
                found: list[tuple[Any, ...]] = db.execute(sql).fetchall()
                return found
        with closing(psycopg2.connect(self.url)) as db, db, db.cursor() as cursor:
            cursor.execute(f"SET search_path TO {self.dataset}; SET timezone TO 'UTC'; {sql}")
            return list(cursor.fetchall()) if cursor.description else []

    def values(self, sql: str) -> list[Any]:
        """The first column of what the database answers."""
        return [value for value, *_ in self.query(sql)]


@asynccontextmanager
async def place_of(engine: str, folder: Path) -> AsyncIterator[Place]:
    """A place of one's own; PostgreSQL is left as it was found."""
    if engine == "duckdb":
        yield Place(f"duckdb:///{folder / 'crm.duckdb'}", "main", folder / "crm.duckdb")
        return
    try:
        psycopg2.connect(POSTGRES_URL).close()
    except psycopg2.OperationalError as error:
        give_up(f"no PostgreSQL server answers: {error}")
    place = Place(POSTGRES_URL, f"test_{uuid.uuid4().hex}")
    try:
        yield place
    finally:
        for dataset in (place.dataset, f"{place.dataset}_staging"):
            await asyncio.to_thread(place.query, f"DROP SCHEMA IF EXISTS {dataset} CASCADE")


async def sync(
    sandbox: Sandbox, place: Place, *, kinds: Sequence[str] = KINDS, history: bool = False
) -> dict[str, TableSummary]:
    """Sync once in this process; return what it did to each table."""

    def client() -> AsyncClient:
        return AsyncClient(sandbox.api_key, base_url=sandbox.url)

    def work() -> list[TableSummary]:
        tally = Tally(kinds)
        with tempfile.TemporaryDirectory() as folder, destination(place.url).open(place.dataset) as database:
            pipeline = dlt.pipeline(
                "impactive", destination=database, dataset_name=place.dataset, pipelines_dir=folder
            )
            tally.begin(pipeline.drop())
            run(pipeline, source(kinds=kinds, make_client=client, history=history, on_list=tally.note))
            return tally.end(pipeline)

    return {one.table: one for one in await asyncio.to_thread(work)}
