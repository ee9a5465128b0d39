"""Receive webhooks with aiohttp: verify, keep the event, answer at once, handle it afterwards.

    export IMPACTIVE_WEBHOOK_SECRET=whsec_…          # the sender's; `impactive forward secret` makes one
    pip install impactive-async
    python webhook_aiohttp.py events.db              # on port 3000
    impactive forward --to http://localhost:3000/hooks

An event is kept in a file before it is answered with a 2xx, once, whatever the sender repeats. So handling may
take as long as it likes, and a crash loses nothing.
"""

import os
import sqlite3
import sys
from contextlib import closing

from aiohttp import web

from impactive_async.hub import HubEvent
from impactive_async.webhooks import WebhookVerificationError, verify

INBOX = web.AppKey("INBOX", str)


async def receive(request: web.Request) -> web.Response:
    """Keep one event. The signature is over the bytes that arrived, so they are read and not parsed."""
    try:
        event = verify(await request.read(), request.headers, os.environ["IMPACTIVE_WEBHOOK_SECRET"].split())
    except WebhookVerificationError as error:
        raise web.HTTPUnauthorized(text=str(error)) from error
    with closing(sqlite3.connect(request.app[INBOX])) as connection, connection:
        connection.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?)", (event.id, event.to_json()))
    return web.Response(status=204)


async def listed(request: web.Request) -> web.Response:
    """Show what has come, as typed rows."""
    with closing(sqlite3.connect(request.app[INBOX])) as connection:
        texts = connection.execute("SELECT event FROM inbox ORDER BY rowid").fetchall()
    rows = [HubEvent.from_json(text).row for (text,) in texts]
    return web.Response(text="".join(f"{row!r}\n" for row in rows))


def make_app(inbox: str) -> web.Application:
    """Make the application over a file."""
    with closing(sqlite3.connect(inbox)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, event TEXT NOT NULL)")
    app = web.Application()
    app[INBOX] = inbox
    app.add_routes([web.post("/hooks", receive), web.get("/", listed)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(sys.argv[1]), host="127.0.0.1", port=3000)
