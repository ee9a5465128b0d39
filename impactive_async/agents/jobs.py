"""Work that takes longer than a tool may: it goes on by itself, and its result can be asked for later."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from impactive_async import ImpactiveError
from impactive_async.agents.answering.refusals import explain

JobState = Literal["running", "interrupted", "done", "failed"]
Report = Callable[[int, int | None], Awaitable[None]]
"""Tells how much of a job is done, and of how much."""
JobWork = Callable[[Report], Awaitable[Mapping[str, Any]]]

_ID: Final = re.compile(r"[0-9a-f]{16}")


@attrs.define
class AgentJob:
    """A job.

    Attributes:
        id: The digest of the plan that it carries out.
        tool: The tool that has begun it.
        payload: What the work is made of, as JSON values.
        state: `interrupted`: the server ended before it was done. Calling the tool with its digest goes on.
        done: How much is done.
        total: Of how much; `None`: unknown.
        result: What came of it; `None`: it is not over.
    """

    id: str
    tool: str
    payload: Mapping[str, Any]
    state: JobState = "running"
    done: int = 0
    total: int | None = None
    result: Mapping[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """Return what an agent is told of it."""
        told = {"job": self.id, "tool": self.tool, "state": self.state, "done": self.done, "total": self.total}
        return {name: value for name, value in told.items() if value is not None} | {
            name: value for name, value in (("result", self.result),) if value is not None
        }


@attrs.define
class Jobs:
    """The jobs of a server.

    Attributes:
        folder: Where they are kept; `None`: they end with the server.
    """

    folder: Path | None = None
    _jobs: dict[str, AgentJob] = attrs.field(init=False, factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = attrs.field(init=False, factory=dict)
    _listeners: dict[str, list[Report]] = attrs.field(init=False, factory=dict)

    def known(self, job_id: str) -> AgentJob | None:
        """Return a job by its id; `None`: there is none."""
        if job_id not in self._jobs and _ID.fullmatch(job_id) and (path := self._path(job_id)) and path.exists():
            with contextlib.suppress(OSError, ValueError, TypeError):
                kept = AgentJob(**json.loads(path.read_text(encoding="utf-8")))
                self._jobs[job_id] = kept if kept.result else attrs.evolve(kept, state="interrupted")
        return self._jobs.get(job_id)

    def all(self) -> list[AgentJob]:
        """Return all jobs."""
        for path in sorted((self.folder or Path("/nowhere")).glob("*.json")):
            self.known(path.stem)
        return list(self._jobs.values())

    def journal(self, job_id: str) -> Path | None:
        """Return the journal of a job; `None`: nothing is kept."""
        return self.folder and self.folder / f"{job_id}.journal"

    async def run(self, job: AgentJob, work: JobWork, told: Report, patience: float) -> AgentJob:
        """Begin a job, or join it, and wait so many seconds for its end. Cancelling the wait stops nothing."""
        task = self._tasks.get(job.id)
        if task is None:
            self._jobs[job.id] = job
            self._keep(job)
            task = self._tasks[job.id] = asyncio.create_task(self._work(job, work))
        listeners = self._listeners.setdefault(job.id, [])
        listeners.append(told)
        try:
            await asyncio.wait({task}, timeout=patience)
        finally:
            listeners.remove(told)
        return self._jobs[job.id]

    async def aclose(self) -> None:
        """Stop what runs. A journal tells the next server where it was."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _work(self, job: AgentJob, work: JobWork) -> None:
        async def report(done: int, total: int | None) -> None:
            job.done, job.total = done, total
            for told in list(self._listeners.get(job.id, ())):
                with contextlib.suppress(Exception):  # a client that has gone stops no work
                    await told(done, total)

        try:
            job.result, job.state = await work(report), "done"
        except ImpactiveError as error:
            job.result, job.state = {"outcome": "failed", "what_to_do": explain(error)}, "failed"
        except Exception:  # its text may hold anything
            job.result, job.state = (
                {"outcome": "failed", "what_to_do": "A bug of this server. Tell the user."},
                "failed",
            )
        finally:
            self._tasks.pop(job.id, None)
        self._keep(job)

    def _path(self, job_id: str) -> Path | None:
        return self.folder and self.folder / f"{job_id}.json"

    def _keep(self, job: AgentJob) -> None:
        """Write a job to its file, which others of this machine may not read."""
        if (path := self._path(job.id)) is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(attrs.asdict(job), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
