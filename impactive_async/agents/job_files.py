"""Jobs as files: what a server that comes later knows of them, and which server is at which job."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs

JOBS_URI: Final = "impactive://jobs"
"""What clients read a job by, with a slash and its id."""

JobState = Literal["running", "interrupted", "done", "failed"]

MOST: Final = 200
"""Jobs that are over and are kept; of more, the oldest go."""
DAYS: Final = 30
"""How long a job is kept, also one that was interrupted."""

_ID: Final = re.compile(r"[0-9a-f]{16}")
_DAY: Final = 86_400
_GO_ON: Final = (
    "The server ended before this was done. Call the same tool with the digest to go on; nothing is done twice."
)


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

    def shown(self, items: int = 100) -> dict[str, Any]:
        """Return what an agent is told of it, of its lists so many items."""
        told: dict[str, Any] = {"job": self.id, "tool": self.tool, "state": self.state, "done": self.done}
        told |= {} if self.total is None else {"total": self.total}
        told |= {"what_to_do": _GO_ON} if self.state == "interrupted" else {}
        if self.result is None:
            return told
        result = {name: one[:items] if isinstance(one, list) else one for name, one in self.result.items()}
        return {**told, "result": result}


class JobLock:
    """Held while a server is at a job. The operating system drops it with the process.

    Args:
        path: The file of the lock, an SQLite database that is never written.

    Raises:
        sqlite3.OperationalError: Another server holds it.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            self._connection.close()
            raise

    def release(self) -> None:
        """Let others have it. The file stays: whoever unlinks it may unlink the one that the next holder locks."""
        self._connection.close()


@attrs.frozen
class JobFiles:
    """The files of jobs, in a folder that no other user of the machine can read."""

    folder: Path

    def ids(self) -> list[str]:
        """Return the ids of all jobs, the oldest first."""
        return [path.stem for path in sorted(self.folder.glob("*.json"), key=_changed)]

    def read(self, job_id: str) -> AgentJob | None:
        """Return a job as it is kept; `None`: it is not, or cannot be read."""
        path = self.folder / f"{job_id}.json"
        if not _ID.fullmatch(job_id) or not path.exists():
            return None
        try:
            kept = AgentJob(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        if kept.result is None:
            kept.state = "running" if self._is_held(job_id) else "interrupted"
        return kept

    def keep(self, job: AgentJob) -> None:
        """Write a job to its file."""
        self._make()
        path = self.folder / f"{job.id}.json"
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(attrs.asdict(job), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    def locked(self, job_id: str) -> JobLock | None:
        """Return the lock of a job; `None`: another server is at it."""
        self._make()
        try:
            return JobLock(self.folder / f"{job_id}.lock")
        except sqlite3.OperationalError:
            return None

    def prune(self) -> None:
        """Remove jobs that are too old, and the oldest beyond `MOST` that are over, with their journals."""
        limit = time.time() - DAYS * _DAY
        over = 0
        for job_id in reversed(self.ids()):
            job = self.read(job_id)
            over += job is not None and job.result is not None
            is_old = _changed(self.folder / f"{job_id}.json") < limit
            if (job is None or job.state != "running") and (is_old or over > MOST):
                for path in self.folder.glob(f"{job_id}.*"):
                    path.unlink(missing_ok=True)

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _is_held(self, job_id: str) -> bool:
        path = self.folder / f"{job_id}.lock"
        if not path.exists():
            return False
        lock = self.locked(job_id)
        if lock is not None:
            lock.release()
        return lock is None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
