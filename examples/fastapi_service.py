"""A FastAPI service that signs people up: one client for the whole process, errors mapped to honest answers.

    pip install . fastapi uvicorn
    export IMPACTIVE_API_KEY=icrm_...
    python examples/fastapi_service.py

Then, with the id of a sequence:

    curl localhost:8000/sequences/ID/signups --json '{"first_name":"Ada","last_name":"L","email":"a@b.example"}'

The client retries less than a script's would: somebody is waiting.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from impactive_async import (
    APIError,
    AsyncClient,
    BadRequestError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
)

# Seconds: between two tries at the most, and for the end of a 429 at the most.
IMPATIENT = RetryPolicy(longest=1.0, longest_retry_after=2.0)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client with the service, and close its connections with it."""
    async with AsyncClient(timeout=5.0, max_retries=2, retry=IMPATIENT) as crm:
        app.state.crm = crm
        yield


app = FastAPI(lifespan=lifespan)


def get_crm(request: Request) -> AsyncClient:
    """The client of this process; tests override this dependency."""
    crm: AsyncClient = request.app.state.crm
    return crm


Crm = Annotated[AsyncClient, Depends(get_crm)]


class SignUp(BaseModel):
    """Who wants to hear from us."""

    first_name: str
    last_name: str
    email: str


@app.post("/sequences/{sequence_id}/signups", status_code=201)
async def sign_up(sequence_id: str, person: SignUp, crm: Crm) -> dict[str, str | bool]:
    """Create the contact and put it on the sequence."""
    contact = await crm.contacts.create(
        first_name=person.first_name, last_name=person.last_name, email=person.email
    )
    result = await crm.sequences.enroll(sequence_id, contact_ids=[contact.id])
    return {"contact_id": contact.id, "enrolled": result.enrolled_count == 1}


@app.exception_handler(APIError)
async def explain(_: Request, error: APIError) -> JSONResponse:
    """Answer for a call to the CRM that failed: whose fault it is, and whether to try again."""
    match error:
        case BadRequestError():
            return JSONResponse({"error": "The CRM refuses these values."}, 422)
        case NotFoundError():
            return JSONResponse({"error": "There is no such sequence."}, 404)
        case RateLimitError(retry_after=seconds):
            headers = {"Retry-After": str(round(seconds or 30))}
            return JSONResponse({"error": "Busy, please try again."}, 503, headers)
    # A key that is refused, a server that fails, no connection: nothing the caller could put right. Whether the
    # contact exists all the same is what they must know before they try again.
    return JSONResponse({"error": "The CRM failed.", "outcome_unknown": error.outcome_unknown}, 502)


if __name__ == "__main__":
    uvicorn.run(app)
