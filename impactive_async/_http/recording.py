"""What is known of a successful call beside its value, for those who ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Generic, TypeVar

import attrs
from multidict import CIMultiDict

from impactive_async._http.decipher import request_id_of
from impactive_async._http.wire import Response
from impactive_async.errors import InvalidArgumentError

_GIVEN: Final = "with_raw_response is given a call of this client itself, such as crm.contacts.list()"

T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")


@attrs.frozen(kw_only=True)
class RawResponse(Generic[T_co]):
    """The value of a call, with the status, headers and time of its answer."""

    value: T_co
    """What the call returns by itself."""
    status: int
    """The HTTP status."""
    headers: CIMultiDict[str] = attrs.field(repr=False)
    """The answer's headers. Names are found in any case; `getall` gives repeated ones."""
    request_id: str | None
    """The server's `x-request-id` or `cf-ray`, if it sent one."""
    attempts: int
    """How many times the request was sent."""
    elapsed: float
    """Seconds from the start of the call to its value, attempts and waits included."""


@attrs.define
class Recording:
    """The last answer that a call got while this was active."""

    response: Response | None = None
    attempts: int = 0
    elapsed: float = 0.0

    def take(self, response: Response, attempts: int, elapsed: float) -> None:
        """Keep the answer of a successful call, its number of attempts, and its seconds."""
        self.response, self.attempts, self.elapsed = response, attempts, elapsed

    def raw(self, value: V) -> RawResponse[V]:
        """Return the value with what was recorded.

        Raises:
            InvalidArgumentError: Nothing was recorded, because no request was made in this task.
        """
        if self.response is None:
            raise InvalidArgumentError(_GIVEN)
        return RawResponse(
            value=value,
            status=self.response.status,
            headers=CIMultiDict(self.response.headers),
            request_id=request_id_of(self.response.headers),
            attempts=self.attempts,
            elapsed=self.elapsed,
        )


RECORDING: ContextVar[Recording | None] = ContextVar("impactive_async_recording", default=None)


@contextmanager
def recording() -> Iterator[Recording]:
    """Record the answers to the calls that this task makes in the block."""
    made = Recording()
    token = RECORDING.set(made)
    try:
        yield made
    finally:
        RECORDING.reset(token)


async def raw_response_of(call: Awaitable[V]) -> RawResponse[V]:
    """Make a call, and return its value with what its last answer said.

    Raises:
        InvalidArgumentError: It is a task, which may have begun before, or no call, or it makes no request.
    """
    if isinstance(call, asyncio.Future) or not isinstance(call, Awaitable):
        raise InvalidArgumentError(f"{_GIVEN}, and no {type(call).__name__.lower()}")
    with recording() as made:
        value = await call
    return made.raw(value)
