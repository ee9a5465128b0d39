"""A worker that handles every reply to a sequence, goes on where it stopped, and ends cleanly on SIGTERM.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/reply_worker.py <sequence id> --store cursors.db

A reply counts as handled when the next one is asked for. After a crash the reply that was in flight comes again,
so `handle` must do no harm the second time.
"""

import argparse
import asyncio
import logging
import signal
import sys

from impactive_async import AsyncClient, Feed, Gap, Reply, SqliteCursorStore

log = logging.getLogger("reply_worker")


async def handle(reply: Reply) -> None:
    """Do the work; here: print one line. The same id means the same reply, also if it comes again."""
    # `!r` because strangers wrote it: no escape sequence reaches the terminal.
    sys.stdout.write(f"{reply.id}\t{reply.from_address!r}\t{reply.subject!r}\n")
    sys.stdout.flush()


def tell(gap: Gap) -> None:
    """Report replies that the API no longer shows. Somebody has to look for them by hand."""
    log.error("replies may be missing from %s, dated %s to %s", gap.feed, gap.after, gap.before)


async def work(replies: Feed[Reply]) -> None:
    """Handle replies until the feed is closed."""
    async for reply in replies:
        await handle(reply)


async def run(sequence_id: str, store: str, interval: float) -> None:
    """Follow the sequence until a signal comes; then finish the reply in flight, save, and return."""
    loop = asyncio.get_running_loop()
    async with AsyncClient() as crm, SqliteCursorStore(store) as cursors:
        replies = crm.sequences.watch_replies(sequence_id, store=cursors, interval=interval, on_gap=tell)
        worker = asyncio.create_task(work(replies))
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        stopped = asyncio.create_task(stop.wait())
        log.info("following the replies to %s", sequence_id)
        await asyncio.wait([worker, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        await replies.aclose()
        await worker  # raises the error that ended it, if there was one


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Handle every reply to a sequence.")
    parser.add_argument("sequence_id")
    parser.add_argument("--store", default="cursors.db", help="where progress is kept (default: %(default)s)")
    parser.add_argument("--interval", type=float, default=300.0, help="seconds between polls (%(default)g)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(run(options.sequence_id, options.store, options.interval))


if __name__ == "__main__":
    main()
