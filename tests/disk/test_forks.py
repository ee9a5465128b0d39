"""A process that is forked goes on with what its parent has opened, and leaves the parent its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.test_import import python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

PROGRAM = """
import asyncio
import os
import sys

from impactive_async import FileCursorStore, SqliteCursorStore
from impactive_async.hub import connect

folder = sys.argv[1]


async def bounded(call):
    async with asyncio.timeout(60):  # what waits for a thread that is not there would wait for ever
        return await call


def run(call):
    return asyncio.run(bounded(call))


def in_fork(deed):
    child = os.fork()
    if not child:
        try:
            deed()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
            os._exit(1)
        sys.exit()  # the exit that runs finalizers: they must not close what is the parent's
    assert os.waitpid(child, 0)[1] == 0
"""

STORE = (
    PROGRAM
    + """
store = {}(folder + "/cursors")
run(store.save("feed", "1"))
assert run(store.load("feed")) == "1"


def deed():
    assert run(store.load("feed")) == "1"
    run(store.save("feed", "2"))


in_fork(deed)
assert run(store.load("feed")) == "2"
run(store.save("feed", "3"))
in_fork(lambda: None)
assert run(store.load("feed")) == "3"
print("done")
"""
)

HUB = (
    PROGRAM
    + """
hub = connect(f"sqlite:///{folder}/hub.db")
run(hub.init())
run(hub.add("zapier/deals"))


def deed():
    run(hub.add("zapier/invoices"))
    assert len(run(hub.feeds())) == 2


in_fork(deed)
assert len(run(hub.feeds())) == 2
print("done")
"""
)


@pytest.mark.parametrize("store", ["SqliteCursorStore", "FileCursorStore"])
def test_a_store_works_on_both_sides_of_a_fork(tmp_path: Path, store: str) -> None:
    """A child loads and saves, and neither its work nor its end disturbs the parent."""
    assert python(STORE.replace("{}", store), str(tmp_path)) == "done"


def test_a_hub_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """The same of a hub in a file, as a server has it that opens it before it makes its workers."""
    assert python(HUB, str(tmp_path)) == "done"
