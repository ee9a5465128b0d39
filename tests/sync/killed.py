"""The command in a process that is forked from one that has imported all, so that most of it can be killed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import dlt
import duckdb
import psycopg2

import impactive_async.cli.syncing.turn
import impactive_async.sync_source
from impactive_async.cli._app import app

__all__ = ["dlt", "duckdb", "impactive_async", "psycopg2"]


def main(env: Mapping[str, str], arguments: Sequence[str], out: str) -> None:
    """Run `impactive` with these arguments; what it writes goes into a file."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(env)
    app.main(list(arguments))
