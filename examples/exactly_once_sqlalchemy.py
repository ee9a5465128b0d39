"""The same as `exactly_once_asyncpg.py` with SQLAlchemy's async session, on any database that it knows.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/exactly_once_sqlalchemy.py sqlite+aiosqlite:///crm.db
    python examples/exactly_once_sqlalchemy.py postgresql+asyncpg://localhost/crm

`async with sessions.begin()` is the transaction: rows, gaps and cursor are committed together when it is left.
"""

import argparse
import asyncio
import sys
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CursorResult, DateTime, Numeric, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from impactive_async import AsyncClient, Deal, Gap, ImpactiveError, Poll


class Base(DeclarativeBase):
    """The tables."""


class DealChange(Base):
    """A deal as it was after a change."""

    __tablename__ = "deal_changes"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str]
    name: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class KnownGap(Base):
    """A span of time whose changes could not be seen."""

    __tablename__ = "gaps"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    feed: Mapped[str]
    kind: Mapped[str]
    after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FeedCursor(Base):
    """How far a feed has been followed."""

    __tablename__ = "cursors"
    feed: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str]


def change_of(deal: Deal) -> DealChange:
    """Return a row of our own for one of the API's."""
    return DealChange(id=deal.id, name=deal.name, value=deal.value, updated_at=deal.updated_at)


def gap_of(gap: Gap) -> KnownGap:
    """Return a gap as a row."""
    return KnownGap(feed=gap.feed, kind=gap.kind, after=gap.after, before=gap.before)


async def keep(session: AsyncSession, feed: str, before: str | None, poll: Poll[Deal]) -> None:
    """Add what a poll brought, and its cursor in the place of the one before, to the session's transaction."""
    session.add_all(map(change_of, poll.rows))
    session.add_all(map(gap_of, poll.gaps))
    if before is None:
        session.add(FeedCursor(feed=feed, cursor=poll.cursor))
        return
    moved = await session.execute(
        update(FeedCursor).where(FeedCursor.feed == feed, FeedCursor.cursor == before).values(cursor=poll.cursor)
    )
    if isinstance(moved, CursorResult) and moved.rowcount == 0:
        raise RuntimeError("another program has moved the cursor: run this one once only")


async def follow(url: str, interval: float) -> None:
    """Poll until the program is stopped."""
    engine = create_async_engine(url)
    sessions = async_sessionmaker(engine)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncClient() as crm:
            feed = crm.zapier.deals.watch(interval=interval)
            async with sessions() as session:
                known = await session.get(FeedCursor, feed.name)
            cursor = known.cursor if known else None
            while True:
                poll = await feed.poll(cursor)
                print(f"polled {len(poll.rows)}", flush=True)
                async with sessions.begin() as session:
                    await keep(session, feed.name, cursor, poll)
                print(f"kept {len(poll.rows)}, {len(poll.gaps)} gaps", flush=True)
                cursor = poll.cursor
                await asyncio.sleep(poll.next_in)
    finally:
        await engine.dispose()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Write each change of a deal into a database exactly once.")
    parser.add_argument("database", help="sqlite+aiosqlite:///crm.db, postgresql+asyncpg://…")
    parser.add_argument("--interval", type=float, default=300.0, help="seconds between polls, where much changes")
    arguments = parser.parse_args()
    try:
        asyncio.run(follow(arguments.database, arguments.interval))
    except IntegrityError:
        sys.exit("another program has moved the cursor: run this one once only")
    except (ImpactiveError, RuntimeError) as error:  # what was kept stays, and the next run goes on from there
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
