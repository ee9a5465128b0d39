"""What tests and tools do to the requests of a sandbox: let them fail, and see what arrived."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from impactive_async.sandbox.api.routes import check_pattern
from impactive_async.sandbox.http.faults import CHAOS_KINDS, Armed, ChaosKind, Fault, FaultPlan
from impactive_async.sandbox.http.journal import RecordedRequest, RequestJournal
from impactive_async.sandbox.http.pipeline import Pipeline

__all__ = ["ObservedTraffic"]


class ObservedTraffic:
    """The part of `Sandbox` that concerns its requests."""

    _pipeline: Pipeline

    def fail(
        self,
        pattern: str,
        *,
        times: int | None = 1,
        after: int = 0,
        commit: bool = False,
        delay: float = 0,
        hold: asyncio.Event | None = None,
        disconnect: bool = False,
        drop_after_commit: bool = False,
        status: int | None = None,
        retry_after: float | str | datetime | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        redirect_to: str | None = None,
        truncate: bool = False,
        die_mid_body: bool = False,
        ahead: float = 0,
        drop_keepalive: bool | Literal["at_once", "on_reuse"] = False,
    ) -> Armed:
        """Make the next requests of a route fail.

        `pattern` is verb and template, such as `"GET /api/agent/sequences/:id"`, or `"*"`. The first `after`
        requests pass, the next `times` fail (`None`: all). `drop_after_commit` is short for `disconnect`
        with `commit`, `drop_keepalive=True` for `"at_once"`; all else is explained at `Fault`.

        Returns:
            A handle whose `hits` counts the requests that failed.
        """
        fault = Fault(
            commit=commit or drop_after_commit,
            delay=delay,
            hold=hold,
            disconnect=disconnect or drop_after_commit,
            status=status,
            retry_after=retry_after,
            headers=headers or {},
            body=body,
            content_type=content_type,
            redirect_to=redirect_to,
            truncate=truncate,
            die_mid_body=die_mid_body,
            ahead=ahead,
            drop_keepalive="at_once" if drop_keepalive is True else (drop_keepalive or None),
        )
        return self.arm(pattern, fault, times=times, after=after)

    def arm(self, pattern: str, fault: Fault, *, times: int | None = 1, after: int = 0) -> Armed:
        """Do the same as `fail`, with a `Fault` made beforehand.

        Raises:
            ValueError: No endpoint has this name.
        """
        check_pattern(pattern)
        return self.plan.arm(pattern, fault, times, after)

    def chaos(self, rate: float, kinds: Sequence[ChaosKind] = CHAOS_KINDS) -> None:
        """Let this share of all requests (0 to 1) fail in one of these ways; the seed decides which and how."""
        self.plan.chaos(rate, kinds)

    def clear_faults(self) -> None:
        """Remove all faults, those of `chaos` included."""
        self.plan.clear()

    @property
    def plan(self) -> FaultPlan:
        """The faults that are armed."""
        return self._pipeline.plan

    @property
    def journal(self) -> RequestJournal:
        """The requests, with their count and their changes."""
        return self._pipeline.journal

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The requests in order of arrival, at most `journal_limit` of them."""
        return tuple(self._pipeline.journal)

    def requests_to(self, pattern: str) -> tuple[RecordedRequest, ...]:
        """The recorded requests to one route, such as `"POST /api/agent/contacts"`.

        Raises:
            ValueError: No endpoint has this name.
        """
        check_pattern(pattern)
        return tuple(request for request in self._pipeline.journal if pattern in ("*", request.route))

    async def arrived(self, pattern: str = "*", count: int = 1) -> None:
        """Wait until that many requests to a route are in `requests`, answered or not."""
        await self.until(lambda: len(self.requests_to(pattern)) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, such as a committed write; it is checked whenever `requests` changes."""
        while not condition():
            await self._pipeline.journal.change()

    @property
    def peak_rate(self) -> int:
        """The most requests that arrived within any real second."""
        return self._pipeline.arrivals.peak

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were being answered at one time."""
        return self._pipeline.peak_in_flight
