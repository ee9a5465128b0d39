"""A FastAPI service that signs people up, with one client for the process, and an answer for each error.

    pip install . fastapi uvicorn
    export IMPACTIVE_API_KEY=icrm_...
    python examples/fastapi_service.py

Then, with the id of a sequence (localhost:8000/docs describes the answers, rows among them):

    curl localhost:8000/sequences/ID
    curl localhost:8000/sequences/ID/signups --json '{"first_name":"Ada","last_name":"L","email":"a@b.example"}'

The client retries less than that of a script, because somebody waits for the answer.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from impactive_async import (
    APIError,
    AsyncClient,
    BadRequestError,
    Contact,
    ContactDraft,
    InvalidArgumentError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    Sequence,
    UnprocessableEntityError,
)

# Seconds: between two tries at the most, and for the end of a 429 at the most.
IMPATIENT = RetryPolicy(longest=1.0, longest_retry_after=2.0)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the client with the service, and close its connections with it."""
    async with AsyncClient(timeout=5.0, max_retries=2, retry=IMPATIENT) as crm:
        app.state.crm = crm
        yield


app = FastAPI(lifespan=lifespan)


def get_crm(request: Request) -> AsyncClient:
    """Return the client of this process. Tests override this dependency."""
    crm: AsyncClient = request.app.state.crm
    return crm


Crm = Annotated[AsyncClient, Depends(get_crm)]


class SignedUp(BaseModel):
    """The contact, and whether it is on the sequence."""

    contact: Contact
    enrolled: bool


@app.get("/sequences/{sequence_id}")
async def show(sequence_id: str, crm: Crm) -> Sequence:
    """Return a sequence with its steps and counts."""
    return await crm.sequences.get(sequence_id)


@app.post("/sequences/{sequence_id}/signups", status_code=201)
async def sign_up(sequence_id: str, person: Annotated[ContactDraft, Body()], crm: Crm) -> SignedUp:
    """Create the contact and put it on the sequence."""
    await crm.sequences.get(sequence_id)  # A wrong id is an answer of 404 or 422, and creates nobody.
    (contact,) = await crm.contacts.create_batch([person])
    try:
        result = await crm.sequences.enroll(sequence_id, contact_ids=[contact.id])
    except APIError:  # The contact exists: an error would invite the caller to create it once more.
        return SignedUp(contact=contact, enrolled=False)
    return SignedUp(contact=contact, enrolled=result.enrolled_count == 1)


@app.exception_handler(InvalidArgumentError)
async def refuse(_: Request, error: InvalidArgumentError) -> JSONResponse:
    """Answer for an argument that can never be right, such as an id with a slash: nothing was sent."""
    return JSONResponse({"error": str(error)}, 422)


@app.exception_handler(APIError)
async def explain(_: Request, error: APIError) -> JSONResponse:
    """Answer for a call to the CRM that failed. Say whether trying again makes sense."""
    match error:
        case BadRequestError() | UnprocessableEntityError():
            return JSONResponse({"error": "The CRM refuses these values."}, 422)
        case NotFoundError():
            return JSONResponse({"error": "There is no such sequence."}, 404)
        case RateLimitError(retry_after=seconds):
            headers = {"Retry-After": str(round(seconds or 30))}
            return JSONResponse({"error": "Busy, please try again."}, 503, headers)
        case _:  # A refused key, a failing server, no connection: the caller can do nothing about it. But before
            # they try again they must know whether the contact may exist.
            return JSONResponse({"error": "The CRM failed.", "outcome_unknown": error.outcome_unknown}, 502)


if __name__ == "__main__":
    uvicorn.run(app)
