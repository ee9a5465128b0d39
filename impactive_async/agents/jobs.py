"""Work that takes longer than a tool may: it goes on by itself, and its result can be asked for later."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from impactive_async import ImpactiveError
from impactive_async.agents.answering.refusals import explain
from impactive_async.agents.job_files import MOST, AgentJob, JobFiles, JobLock

Report = Callable[[int, int | None], Awaitable[None]]
"""Tells how much of a job is done, and of how much."""
JobWork = Callable[[Report], Awaitable[Mapping[str, Any]]]
Ended = Callable[[AgentJob], Awaitable[None]]
"""Is told of the end of a job."""

_A_BUG = {"outcome": "failed", "what_to_do": "A bug of this server. Tell the user."}


@attrs.define
class Jobs:
    """The jobs of a server.

    Attributes:
        folder: Where they are kept; `None`: they end with the server.
        on_end: Is told of the end of every job; `None`: nobody is.
    """

    folder: Path | None = None
    on_end: Ended | None = None
    _own: dict[str, AgentJob] = attrs.field(init=False, factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = attrs.field(init=False, factory=dict)
    _listeners: dict[str, list[Report]] = attrs.field(init=False, factory=dict)
    _waiting: dict[str, list[Ended]] = attrs.field(init=False, factory=dict)

    def known(self, job_id: str) -> AgentJob | None:
        """Return a job by its id; `None`: there is none, or it is no longer kept."""
        if job_id in self._tasks or self._files is None:
            return self._own.get(job_id)
        return self._files.read(job_id)

    def all(self) -> list[AgentJob]:
        """Return all jobs, the oldest first."""
        kept = [] if self._files is None else self._files.ids()
        found = [self.known(one) for one in dict.fromkeys((*kept, *self._own))]
        return [job for job in found if job is not None]

    def journal(self, job_id: str) -> Path | None:
        """Return the journal of a job; `None`: nothing is kept."""
        return self.folder and self.folder / f"{job_id}.journal"

    async def run(self, job: AgentJob, work: JobWork, told: Report, patience: float, later: Ended) -> AgentJob:
        """Begin a job, or join it, and wait so many seconds for its end. Cancelling the wait stops nothing.

        Args:
            job: The job.
            work: Does it.
            told: Is told of its progress, while it is waited for.
            patience: For how many seconds it is waited for.
            later: Is told of its end, if that comes after the wait.
        """
        task = self._tasks.get(job.id) or self._begin(job, work)
        if task is None:  # another server on the same folder is at it
            return attrs.evolve(job, state="running")
        listeners = self._listeners.setdefault(job.id, [])
        listeners.append(told)
        try:
            await asyncio.wait({task}, timeout=patience)
        finally:
            listeners.remove(told)
            if not task.done():
                self._waiting.setdefault(job.id, []).append(later)
        return self._own[job.id]

    async def aclose(self) -> None:
        """Stop what runs. A journal tells the next server where it was."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    @property
    def _files(self) -> JobFiles | None:
        return None if self.folder is None else JobFiles(self.folder)

    def _begin(self, job: AgentJob, work: JobWork) -> asyncio.Task[None] | None:
        lock = None
        if self._files is not None:
            self._files.prune()
            lock = self._files.locked(job.id)
            if lock is None:
                return None
            self._files.keep(job)
        self._own[job.id] = job
        task = self._tasks[job.id] = asyncio.create_task(self._work(job, work, lock))
        return task

    async def _work(self, job: AgentJob, work: JobWork, lock: JobLock | None) -> None:
        try:
            job.result, job.state = await self._result(job, work)
            if self._files is not None:
                self._files.keep(job)
        finally:
            self._tasks.pop(job.id, None)
            self._listeners.pop(job.id, None)
            waiting = self._waiting.pop(job.id, [])
            if lock is not None:
                lock.release()
        self._forget_oldest()
        for tell in (*waiting, *filter(None, [self.on_end])):
            with contextlib.suppress(Exception):  # a client that has gone changes nothing
                await tell(job)

    async def _result(self, job: AgentJob, work: JobWork) -> tuple[Mapping[str, Any], Any]:
        async def report(done: int, total: int | None) -> None:
            job.done, job.total = done, total
            for told in list(self._listeners.get(job.id, ())):
                with contextlib.suppress(Exception):  # a client that has gone stops no work
                    await told(done, total)

        try:
            return await work(report), "done"
        except ImpactiveError as error:
            return {"outcome": "failed", "what_to_do": explain(error)}, "failed"
        except Exception:  # its text may hold anything
            return _A_BUG, "failed"

    def _forget_oldest(self) -> None:
        over = [one for one in self._own if one not in self._tasks]
        for one in over[: max(0, len(over) - MOST)]:
            del self._own[one]
