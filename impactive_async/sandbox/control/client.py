"""A client of the control API, to steer a sandbox that runs in another process."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from attrs import frozen

from impactive_async.sandbox.control.endpoints import MARK, PREFIX
from impactive_async.sandbox.control.printing import plain
from impactive_async.sandbox.http.faults import CHAOS_KINDS, ChaosKind
from impactive_async.sandbox.http.journal import RecordedRequest
from impactive_async.sandbox.populations import Population

__all__ = ["ClockState", "SandboxControl", "SandboxControlError"]


class SandboxControlError(Exception):
    """The sandbox refused a call, or nothing answers at its address.

    Attributes:
        status: The status of the answer; `None`: there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@frozen
class ClockState:
    """The clock of a sandbox.

    Attributes:
        now: The virtual time.
        speed: Virtual seconds per real second; `None`: it stands still.
        next_due: When something happens next, such as an email that goes out; `None`: nothing is planned.
    """

    now: datetime
    speed: float | None
    next_due: datetime | None


class SandboxControl:
    """Steers the sandbox at `url`, as `impactive sandbox` serves one.

    ```python
    async with SandboxControl(sandbox.url) as control:  # http://127.0.0.1:8080, if `impactive sandbox` serves it
        await control.advance(days=3)
        await control.reply(contact_id, body="Tell me more")
        await control.fail("POST /api/agent/contacts", status=503)
    ```

    Every method raises `SandboxControlError` where the sandbox refuses, or cannot be reached.

    Args:
        url: Where the sandbox listens.
        token: The token that the sandbox was started with, if any.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._url = url.rstrip("/") + PREFIX
        self._headers = {} if token is None else {"x-sandbox-token": token}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def overview(self) -> dict[str, Any]:
        """Return the sandbox at a glance: seed, dialect, clock, counts of rows, faults, number of requests."""
        found: dict[str, Any] = await self._call("GET", "")
        return found

    async def clock(self) -> ClockState:
        """Return the state of the clock."""
        return _clock(await self._call("GET", "/clock"))

    async def advance(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        to: datetime | None = None,
    ) -> ClockState:
        """Move the clock forward by a span, or `to` a moment, and do what becomes due on the way."""
        step = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds, "to": to}
        return _clock(await self._call("POST", "/clock/advance", {name: one for name, one in step.items() if one}))

    async def set_speed(self, speed: float | None) -> ClockState:
        """Let the clock run at so many virtual seconds per real second; `None`: let it stand still."""
        return _clock(await self._call("PUT", "/clock/speed", {"speed": speed}))

    async def faults(self) -> dict[str, Any]:
        """Return the faults that are armed, and the share of chaos."""
        found: dict[str, Any] = await self._call("GET", "/faults")
        return found

    async def fail(self, pattern: str, *, times: int | None = 1, after: int = 0, **fault: Any) -> int:
        """Make the next requests of a route fail, as `Sandbox.fail` does; return the number of the fault."""
        armed = await self._call("POST", "/faults", {"pattern": pattern, "times": times, "after": after, **fault})
        number: int = armed["number"]
        return number

    async def clear_faults(self, number: int | None = None) -> None:
        """Remove a fault by its number; `None`: remove all, also those of chaos."""
        await self._call("DELETE", "/faults" if number is None else f"/faults/{number}")

    async def chaos(self, rate: float, kinds: Sequence[ChaosKind] = CHAOS_KINDS) -> None:
        """Let this share of all requests (0 to 1) fail in one of these ways."""
        await self._call("PUT", "/chaos", {"rate": rate, "kinds": list(kinds)})

    async def requests(
        self, *, route: str | None = None, status: int | None = None, after: int = 0, limit: int = 100
    ) -> list[RecordedRequest]:
        """Return the latest requests that arrived at the API, in order.

        Args:
            route: Only those of this route, such as `"POST /api/agent/contacts"`.
            status: Only those answered with this status.
            after: Only those with a higher number.
            limit: How many at the most.
        """
        wanted = {"route": route, "status": status, "after": after, "limit": limit}
        query = {name: str(value) for name, value in wanted.items() if value is not None}
        return [_request(one) for one in await self._call("GET", "/requests", query=query)]

    async def follow_requests(self, *, after: int | None = None) -> AsyncGenerator[RecordedRequest, None]:
        """Yield each request as it arrives, and again when it has got its answer, until the caller stops.

        Args:
            after: Begin behind the request of this number; `None`: with those that are still to come.
        """
        timeout, url = aiohttp.ClientTimeout(total=None), f"{self._url}/requests/events"
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self._open().get(url, timeout=timeout, headers=headers) as answer:
            await self._refuse(answer)
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield _request(json.loads(line.removeprefix(b"data: ")))

    async def forget_requests(self) -> None:
        """Forget the requests so far."""
        await self._call("DELETE", "/requests")

    async def rows(self, kind: str, *, contains: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Return the last rows of a kind, such as `"contacts"` or `"sends"`, that have this text in a field."""
        query = {"contains": contains, "limit": str(limit)}
        found: list[dict[str, Any]] = await self._call("GET", f"/rows/{quote(kind, safe='')}", query=query)
        return found

    async def add(
        self,
        kind: str,
        fields: Mapping[str, Any],
        *,
        at: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> dict[str, Any]:
        """Add a row of a plain table, by the names of the wire; lists show it from `visible_at` on."""
        body = _given(fields=dict(fields), at=at, visible_at=visible_at)
        found: dict[str, Any] = await self._call("POST", f"/rows/{quote(kind, safe='')}", body)
        return found

    async def touch(self, kind: str, row_id: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Change fields of a row, which makes it newer."""
        path = f"/rows/{quote(kind, safe='')}/{quote(row_id, safe='')}"
        found: dict[str, Any] = await self._call("PATCH", path, {"fields": dict(fields or {})})
        return found

    async def remove(self, kind: str, row_id: str) -> None:
        """Delete a row, as people do in the app."""
        await self._call("DELETE", f"/rows/{quote(kind, safe='')}/{quote(row_id, safe='')}")

    async def reply(
        self,
        contact_id: str,
        *,
        body: str = "Sounds good!",
        subject: str = "Re: Hello",
        email_date: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> dict[str, Any]:
        """Let a contact write back; lists show the email from `visible_at` on."""
        email = _given(
            contact_id=contact_id, body=body, subject=subject, email_date=email_date, visible_at=visible_at
        )
        found: dict[str, Any] = await self._call("POST", "/replies", email)
        return found

    async def threads(self, *, contains: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Return people, those with the latest mail first, who have this text in name, address or mails."""
        query = {"contains": contains, "limit": str(limit)}
        found: list[dict[str, Any]] = await self._call("GET", "/threads", query=query)
        return found

    async def thread(self, contact_id: str) -> dict[str, Any]:
        """Return the mails of a contact, the oldest first, and its enrollments."""
        found: dict[str, Any] = await self._call("GET", f"/threads/{quote(contact_id, safe='')}")
        return found

    async def due(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Return the emails that are due, the next one first."""
        found: list[dict[str, Any]] = (await self._call("GET", "/due", query={"limit": str(limit)}))["due"]
        return found

    async def trigger(self, noun: str) -> str:
        """Make a row, such as a `"reply"` or `"deal"`, with what it needs; return its id.

        Of a send it is the id of the contact, to whom the email goes out with the next second.
        """
        made: str = (await self._call("POST", f"/triggers/{quote(noun, safe='')}"))["id"]
        return made

    async def burst(self, kind: str, count: int) -> None:
        """Make so many rows at once, to overflow a list."""
        await self._call("POST", "/bursts", {"kind": kind, "count": count})

    async def late_rows(self, seconds: float | None, kinds: Sequence[str] | None = None) -> None:
        """Show rows so many seconds later than their timestamps say, from now on; `None`: at once again."""
        body: dict[str, Any] = {"seconds": seconds}
        await self._call("PUT", "/lateness", body if kinds is None else {**body, "kinds": list(kinds)})

    async def snapshot(self) -> bytes:
        """Return a file that holds all on which the next answers depend, as `Sandbox.snapshot` does."""
        async with self._asked("GET", "/snapshot") as answer:
            return await answer.read()

    async def restore(self, snapshot: bytes) -> None:
        """Go on from such a file. Keys stay valid."""
        async with self._asked("PUT", "/snapshot", data=snapshot, headers={"Content-Type": "application/json"}):
            pass

    async def reset(
        self, *, seed: str | None = None, populate: bool | Population | None = None, now: datetime | None = None
    ) -> None:
        """Begin anew: rows, clock, faults and requests. `None` stands for what the sandbox was begun with."""
        await self._call("POST", "/reset", _given(seed=seed, populate=populate, now=now))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with SandboxControl(...)`")
        return self._session

    async def _call(
        self, method: str, path: str, body: Any = None, *, query: Mapping[str, str] | None = None
    ) -> Any:
        sent = {} if body is None else {"json": plain(body)}
        async with self._asked(method, path, params=query, **sent) as answer:
            return None if answer.status == 204 else await answer.json()

    @asynccontextmanager
    async def _asked(self, method: str, path: str, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._open().request(method, self._url + path, **more) as answer:
                await self._refuse(answer)
                yield answer
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"no sandbox answers at {self._url.removesuffix(PREFIX)}: {error}"
            raise SandboxControlError(message) from error

    async def _refuse(self, answer: aiohttp.ClientResponse) -> None:
        if MARK not in answer.headers:
            message = f"no sandbox with a control API answers at {self._url.removesuffix(PREFIX)}"
            raise SandboxControlError(message, answer.status)
        if answer.status >= 400:
            raise SandboxControlError((await answer.json())["error"], answer.status)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _clock(told: Mapping[str, Any]) -> ClockState:
    due = told["next_due"]
    return ClockState(_moment(told["now"]), told["speed"], None if due is None else _moment(due))


def _request(told: Mapping[str, Any]) -> RecordedRequest:
    return RecordedRequest(**{**told, "at": _moment(told["at"])})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
