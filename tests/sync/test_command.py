"""`impactive sync` as its users run it: what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

import duckdb

from impactive_async.cli.syncing.command import TABLES
from impactive_async.sync_source import KINDS
from tests.cli.support import PATIENCE, Live, command_line, environment, live_sandbox
from tests.sync.places import POSTGRES_URL, place_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"duckdb:///{tmp_path / 'crm.duckdb'}"


def test_the_kinds_are_those_of_the_source() -> None:
    """The command knows them without dlt, for a quick `--help`."""
    assert TABLES == KINDS


def test_a_run_says_what_became_of_each_table(live: Live, url: str) -> None:
    """New rows the first time, none the second; programs get an object for each table."""
    first = live.cli("sync", "--to", url, "--json")
    assert first.code == 0, first.err
    assert [row["table"] for row in first.rows] == list(TABLES)
    assert {row["table"]: row["new"] for row in first.rows}["deals"] == len(live.state.rows("deals"))
    again = live.cli("sync", "--to", url, "--json", "table,new,changed", "--kind", "deals")
    assert again.rows == [{"table": "deals", "new": 0, "changed": 0}]


def test_lists_that_failed_are_incomplete(live: Live, url: str) -> None:
    """The exit code says so to scripts, and a note says where to look."""
    live.sandbox.fail("GET /api/zapier/invoices", status=403)
    outcome = live.cli("sync", "--to", url, "--kind", "invoices", "--kind", "deals")
    assert outcome.code == 10
    assert "lists of invoices could be polled: _coverage says why" in outcome.err


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        ("crm.duckdb", 3, "try duckdb:///crm.duckdb"),
        ("mongodb://x/y", 3, "duckdb, postgresql, "),
        ("duckdb://crm.duckdb", 3, "duckdb:///crm.duckdb is one here"),
        ("duckdb:///:memory:", 3, "names no file to keep rows in"),
        ("duckdb:///{folder}/crm.duckdb?access_mode=read_only", 3, "without options behind it"),
        ("duckdb:////dev/full", 3, "No space left on device"),
        ("duckdb:///{folder}", 3, "Is a directory"),
        ("duckdb:///{folder}/no/crm.duckdb", 3, "There is no folder"),
        ("duckdb:///{folder}/text.duckdb", 3, "cannot be opened as a DuckDB database"),
        ("postgresql://postgres:geheim@127.0.0.1:1/x", 3, "Check host, user, password and database"),
        ("postgresql://postgres:geheim@127.0.0.1/no_such_database", 3, "Check host, user, password and database"),
        ("snowflake://me:geheim@account/db", 3, "dlt[snowflake]"),
    ],
)
def test_where_nothing_can_be_written(live: Live, tmp_path: Path, to: str, code: int, says: str) -> None:
    """The message says what is wrong and what would do, and never has the password."""
    (tmp_path / "text.duckdb").write_text("this is a text, and not a database\n" * 100)
    outcome = live.cli("sync", "--to", to.format(folder=tmp_path), "--kind", "deals")
    assert (outcome.code, outcome.out) == (code, "")
    assert says in outcome.err
    assert "geheim" not in outcome.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what nobody may")
def test_a_file_that_is_read_only(live: Live, tmp_path: Path, url: str) -> None:
    """It is named, and left as it is."""
    file = tmp_path / "crm.duckdb"
    duckdb.connect(str(file)).close()
    file.chmod(stat.S_IREAD)
    outcome = live.cli("sync", "--to", url, "--kind", "deals")
    assert outcome.code == 3
    assert "cannot be written: allow it" in outcome.err


def test_a_file_that_another_program_has_open(live: Live, tmp_path: Path, url: str) -> None:
    """Two syncs into one database would undo each other: the second one stops."""
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "crm.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == b"open\n"
        outcome = live.cli("sync", "--to", url, "--kind", "deals")
        other.stdin.close()
    assert outcome.code == 12
    assert "is in use by another program: wait, or close it" in outcome.err


async def test_a_dataset_that_another_sync_writes_to(tmp_path: Path) -> None:
    """PostgreSQL's lock is for one dataset: the others can be synced."""
    from impactive_async.errors import CursorError
    from impactive_async.sync_source import destination

    async with place_of("postgres", tmp_path) as place:
        target = destination(POSTGRES_URL)
        with (
            target.open(place.dataset),
            target.open(f"{place.dataset}_other"),
            pytest.raises(CursorError, match="Another sync is writing to the dataset"),
            target.open(place.dataset),
        ):
            pass
        with target.open(place.dataset):
            pass


@pytest.mark.parametrize("name", ["Crm", "a-b", "a__b", "", "x" * 51])
def test_a_name_that_dlt_would_write_otherwise(live: Live, url: str, name: str) -> None:
    """It is refused, so that nobody looks for tables where there are none."""
    outcome = live.cli("sync", "--to", url, "--dataset", name)
    assert outcome.code == 2
    assert "--dataset is a name of lower-case letters" in outcome.err


def test_it_keeps_up_until_it_is_stopped(live: Live, tmp_path: Path, url: str) -> None:
    """With `--every` one sync follows the other; SIGTERM, as of a service, is a success."""
    with subprocess.Popen(
        command_line("sync", "--to", url, "--kind", "deals", "--every", "1", "--json"),
        env=environment(live.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert '"new": 0' not in process.stdout.readline()
        deal = live.state.add("deals", {"name": "Later"})
        while '"new": 1' not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "the same command goes on from there" in err
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as db:
        assert db.execute("SELECT count(*) FROM deals WHERE id = ?", [deal.id]).fetchall() == [(1,)]
