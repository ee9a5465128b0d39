"""Receive webhooks with FastAPI: verify, handle once, answer soon.

    export IMPACTIVE_WEBHOOK_SECRET=whsec_…          # the sender's; `impactive forward secret` makes one
    pip install impactive-async fastapi uvicorn
    uvicorn webhook_fastapi:app --port 3000
    impactive forward --to http://localhost:3000/hooks

The sender takes a 2xx for "handled", so an event is handled before the answer. It tries again where the answer
does not reach it: `handled` remembers ids, in your program in the database that handling writes to.
"""

import os

from fastapi import FastAPI, HTTPException, Request, Response

from impactive_async import Deal
from impactive_async.hub import HubEvent
from impactive_async.webhooks import WebhookVerificationError, verify

app = FastAPI()
handled: set[str] = set()


@app.post("/hooks", status_code=204)
async def receive(request: Request) -> Response:
    """Take one event. The signature is over the bytes that arrived, so they are read and not parsed."""
    try:
        event = verify(await request.body(), request.headers, os.environ["IMPACTIVE_WEBHOOK_SECRET"].split())
    except WebhookVerificationError as error:
        raise HTTPException(401, str(error)) from error
    if event.id not in handled:
        await handle(event)
        handled.add(event.id)
    return Response(status_code=204)


async def handle(event: HubEvent) -> None:
    """Do what is to be done about it."""
    match event.row:
        case Deal(name=name, stage_name=stage):
            print(f"deal {name!r} is now {stage}")
        case None:  # a gap, or a row that could not be read
            print(f"{event.type}: {event.data}")
        case row:
            print(f"{event.type}: {row.id}")
