"""Write each change of a deal into PostgreSQL exactly once, whenever this program is killed.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/exactly_once_asyncpg.py postgresql://localhost/crm

Rows and cursor are written in one transaction. So after a crash both are there or neither is, and the next poll
goes on from the rows that are there. The cursor is replaced only where it is still the one that the poll began
from: of two programs that run by mistake, one stops instead of writing rows twice.

Changes that the API no longer shows cannot be copied. They are reported as gaps, which are written, too.
"""

import argparse
import asyncio
import sys

import asyncpg

from impactive_async import AsyncClient, Deal, ImpactiveError, Poll

SCHEMA = """
CREATE TABLE IF NOT EXISTS deal_changes (id text, name text, value numeric, updated_at timestamptz);
CREATE TABLE IF NOT EXISTS gaps (feed text, kind text, after timestamptz, before timestamptz);
CREATE TABLE IF NOT EXISTS cursors (feed text PRIMARY KEY, cursor text NOT NULL);
"""
MOVE = """
INSERT INTO cursors (feed, cursor) VALUES ($1, $2)
ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor WHERE cursors.cursor = $3
"""


async def keep(db: asyncpg.Connection, feed: str, before: str | None, poll: Poll[Deal]) -> None:
    """Write what a poll brought, and its cursor in the place of the one before, in one transaction."""
    deals = [(deal.id, deal.name, deal.value, deal.updated_at) for deal in poll.rows]
    gaps = [(gap.feed, gap.kind, gap.after, gap.before) for gap in poll.gaps]
    async with db.transaction():
        await db.executemany("INSERT INTO deal_changes VALUES ($1, $2, $3, $4)", deals)
        await db.executemany("INSERT INTO gaps VALUES ($1, $2, $3, $4)", gaps)
        if await db.execute(MOVE, feed, poll.cursor, before) == "INSERT 0 0":
            raise RuntimeError("another program has moved the cursor: run this one once only")


async def follow(url: str, interval: float) -> None:
    """Poll until the program is stopped."""
    db = await asyncpg.connect(url)
    try:
        await db.execute(SCHEMA)
        async with AsyncClient() as crm:
            feed = crm.zapier.deals.watch(interval=interval)
            cursor = await db.fetchval("SELECT cursor FROM cursors WHERE feed = $1", feed.name)
            while True:
                poll = await feed.poll(cursor)
                print(f"polled {len(poll.rows)}", flush=True)
                await keep(db, feed.name, cursor, poll)
                print(f"kept {len(poll.rows)}, {len(poll.gaps)} gaps", flush=True)
                cursor = poll.cursor
                await asyncio.sleep(poll.next_in)
    finally:
        await db.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Write each change of a deal into PostgreSQL exactly once.")
    parser.add_argument("database", help="postgresql://…")
    parser.add_argument("--interval", type=float, default=300.0, help="seconds between polls, where much changes")
    arguments = parser.parse_args()
    try:
        asyncio.run(follow(arguments.database, arguments.interval))
    except (ImpactiveError, RuntimeError) as error:  # what was kept stays, and the next run goes on from there
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
