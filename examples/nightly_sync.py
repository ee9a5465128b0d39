"""Copy what changed among deals and invoices into SQLite; for cron.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/nightly_sync.py crm.db

Rows and cursor are written in one transaction, so a crash neither loses nor doubles anything. The API lists only
the newest 100 changes. If there are more in a night, the others are lost: a row in the table `gaps` says so, and
the exit code is 1, as after an error. Then run it more often. The first run copies the newest 100.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from impactive_async import AsyncClient, Deal, Feed, ImpactiveError, Invoice, Poll

SCHEMA = """
CREATE TABLE IF NOT EXISTS deals
    (id TEXT PRIMARY KEY, name TEXT, value TEXT, currency TEXT, stage TEXT, updated TEXT);
CREATE TABLE IF NOT EXISTS invoices
    (id TEXT PRIMARY KEY, number TEXT, status TEXT, total TEXT, currency TEXT, updated TEXT);
CREATE TABLE IF NOT EXISTS cursors (feed TEXT PRIMARY KEY, cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gaps (feed TEXT, kind TEXT, after TEXT, before TEXT);
"""  # money as text: SQLite has no decimals

Columns = tuple[str | None, ...]


def deal_columns(deal: Deal) -> Columns:
    """Return a row of the table `deals`."""
    return (deal.id, deal.name, _text(deal.value), deal.currency, deal.stage_name, _text(deal.updated_at))


def invoice_columns(invoice: Invoice) -> Columns:
    """Return a row of the table `invoices`."""
    row = invoice
    return (row.id, row.invoice_number, row.status, _text(row.total), row.currency, _text(row.updated_at))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def cursor_of(db: sqlite3.Connection, feed: str) -> str | None:
    """Return the cursor that the last run kept, if there was one."""
    row = db.execute("SELECT cursor FROM cursors WHERE feed = ?", (feed,)).fetchone()
    return row[0] if row else None


def keep(db: sqlite3.Connection, table: str, feed: str, poll: Poll[Any], columns: Callable[[Any], Columns]) -> int:
    """Write rows, gaps and cursor in one transaction. Return the number of gaps and unreadable rows."""
    with db:
        db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?)", map(columns, poll.rows))  # noqa: S608
        db.executemany(
            "INSERT INTO gaps VALUES (?, ?, ?, ?)",
            [(gap.feed, gap.kind, _text(gap.after), _text(gap.before)) for gap in poll.gaps],
        )
        db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (feed, poll.cursor))
    lost = sum(gap.kind != "history" for gap in poll.gaps)
    print(f"{table}: {len(poll.rows)} new or changed, {lost} gaps, {len(poll.bad)} unreadable")
    return lost + len(poll.bad)


async def sync(db: sqlite3.Connection) -> int:
    """Poll both lists once. Return the number of gaps and unreadable rows."""
    db.executescript(SCHEMA)
    async with AsyncClient() as crm:
        lists: list[tuple[str, Feed[Any], Callable[[Any], Columns]]] = [
            ("deals", crm.zapier.deals.watch(), deal_columns),
            ("invoices", crm.zapier.invoices.watch(), invoice_columns),
        ]
        trouble = 0
        for table, feed, columns in lists:
            poll = await feed.poll(cursor_of(db, feed.name))
            trouble += keep(db, table, feed.name, poll, columns)
    return trouble


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Copy changed deals and invoices into SQLite.")
    parser.add_argument("database")
    with closing(sqlite3.connect(parser.parse_args().database)) as db:
        try:
            trouble = asyncio.run(sync(db))
        except ImpactiveError as error:  # rows and cursors are kept, and the next run goes on from there
            sys.exit(str(error))
    sys.exit(1 if trouble else 0)


if __name__ == "__main__":
    main()
