"""Sync deals once into a DuckDB file, as a user's program does: `python program.py FOLDER [LIMIT]`.

With a limit it kills itself when it opens, renames or removes that many files in the run. Without one it prints
how many these were.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import dlt

from impactive_async.sync_source import run, source


class Deeds:
    """Counts what is done to files, and ends the process without a farewell at the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    def __call__(self, event: str, _: Any) -> None:
        if event in {"open", "os.rename", "os.remove", "shutil.move"}:
            self.count += 1
            if self.count == self.limit:
                os.kill(os.getpid(), signal.SIGKILL)


folder = Path(sys.argv[1])
pipeline = dlt.pipeline(
    "crm",
    destination=dlt.destinations.duckdb(str(folder / "crm.duckdb")),
    dataset_name="workspace",
    pipelines_dir=str(folder / "pipelines"),
)
deeds = Deeds(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
sys.addaudithook(deeds)
run(pipeline, source(kinds=["deals"]))
print(deeds.count)
