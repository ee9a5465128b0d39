"""`impactive hub events --exec`: a program of the user's says what it has handled."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from impactive_async.hub import SqliteHub
from tests.cli.support import Outcome, invoke
from tests.hub.engines import claimed, events

EACH = """
import json, pathlib, sys
line = sys.stdin.readline()
event = json.loads(line)
with open({log!r}, "a") as log:
    log.write(f"{{event['data']['n']}}\\n")
sys.exit({verdict})
"""
ALL = """
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    with open({log!r}, "a") as log:
        log.write(f"{{event['data']['n']}}\\n")
    {verdict}
    print(event["id"], flush=True)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A hub with six events."""

    async def make() -> None:
        async with SqliteHub(tmp_path / "hub.db") as hub:
            await hub.add("a")
            await hub.commit(await claimed(hub), "1", events(*range(6)), 3600)

    asyncio.run(make())
    return f"sqlite:///{tmp_path}/hub.db"


def program(tmp_path: Path, source: str, verdict: str) -> str:
    (tmp_path / "handler.py").write_text(source.format(log=str(tmp_path / "log"), verdict=verdict))
    return shlex.join([sys.executable, str(tmp_path / "handler.py")])


def run(url: str, *options: str) -> Outcome:
    return invoke("hub", "events", "--hub", url, "--group", "billing", *options)


def seen(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "log").read_text().split()]


def group(url: str) -> Any:
    (status,) = invoke("hub", "status", "--hub", url, "--json").rows
    return status["groups"][0]


@pytest.mark.parametrize(("source", "options"), [(EACH, ()), (ALL, ("--stay",))], ids=["each", "all"])
def test_what_a_program_has_handled_is_acknowledged(
    url: str, tmp_path: Path, source: str, options: tuple[str, ...]
) -> None:
    """By exit code 0, or by the id that it prints: each event once, in order."""
    verdict = "0" if source == EACH else "pass"
    assert run(url, "--exec", program(tmp_path, source, verdict), *options, "--count", "6").code == 0
    assert seen(tmp_path) == [*range(6)]
    assert (group(url)["behind"], group(url)["in_flight"]) == (0, 0)


@pytest.mark.parametrize(
    ("source", "options", "verdict", "why"),
    [
        (EACH, (), "3 if event['data']['n'] % 2 else 0", "exit code 3"),
        (ALL, ("--stay",), "if event['data']['n'] % 2: sys.exit(3)", "ended before it printed the id"),
        (ALL, ("--stay",), "if event['data']['n'] % 2: event['id'] = 'no'", "printed 'no' instead of the id"),
        (EACH, (), "__import__('os').kill(0, 15) if event['data']['n'] % 2 else 0", "ended by signal 15"),
        (ALL, ("--stay",), "if event['data']['n'] % 2: __import__('os').kill(0, 9)", "ended before it printed"),
        (ALL, ("--stay",), "if event['data']['n'] % 2: print('x' * 3_000_000, flush=True)", "more than 1,048,576"),
        (
            ALL,
            ("--stay",),
            "if event['data']['n'] % 2: print('y' * 900_000, flush=True)",
            f"'{'y' * 80}…' instead",
        ),
        (
            ALL,
            ("--stay",),
            "if event['data']['n'] % 2: print(event['id'][:-1], end=''); sys.exit()",
            "instead of the",
        ),
        (
            ALL,
            ("--stay",),
            "if event['data']['n'] % 2: __import__('os').close(1)",
            "ended before it printed the id",
        ),
    ],
    ids=[
        *("each", "all dies", "all refuses", "each by a signal", "all by a signal", "a line without an end"),
        *("a long line", "a part of the id", "no output"),
    ],
)
def test_what_it_has_not_handled_comes_again(
    url: str, tmp_path: Path, source: str, options: tuple[str, ...], verdict: str, why: str
) -> None:
    """A handler that dies or refuses loses nothing: its event stays in flight and is told; others go on."""
    outcome = run(url, "--exec", program(tmp_path, source, verdict), *options, "--count", "6")
    assert outcome.code == 0
    assert outcome.err.count(why) == 3
    assert seen(tmp_path) == [*range(6)]
    assert (group(url)["behind"], group(url)["in_flight"]) == (3, 3)


@pytest.mark.parametrize(("source", "options"), [(EACH, ()), (ALL, ("--stay",))], ids=["each", "all"])
def test_a_program_that_takes_too_long_is_ended(
    url: str, tmp_path: Path, source: str, options: tuple[str, ...]
) -> None:
    """When the event belongs to others again, whoever is still at it is stopped."""
    stuck = "__import__('threading').Event().wait()"
    command = program(tmp_path, source, stuck)
    outcome = run(url, "--exec", command, *options, "--count", "1", "--visibility", "0.5")
    assert outcome.code == 0
    assert "took longer than 0.5 s" in outcome.err
    assert group(url)["in_flight"] == 1


@pytest.mark.parametrize(
    "verdict",
    ["print('\\n', flush=True)", "print(event['id'], flush=True)", "print(last, flush=True); last = event['id']"],
    ids=["empty lines", "its own id twice", "the id before"],
)
def test_what_a_program_prints_besides_means_nothing(url: str, tmp_path: Path, verdict: str) -> None:
    """A duplicate of an id is no answer to the next event, and no refusal of it."""
    command = program(tmp_path, "last = ''\n" + ALL, verdict)
    outcome = run(url, "--exec", command, "--stay", "--count", "6")
    assert (outcome.code, outcome.err) == (0, "")
    assert seen(tmp_path) == [*range(6)]
    assert (group(url)["behind"], group(url)["in_flight"]) == (0, 0)


CHILD = """
import subprocess, sys
sys.stdin.readline()
subprocess.run([sys.executable, "-c", "import sys, time; open({log!r}, 'w').close(); time.sleep(600); {verdict}"])
"""


@pytest.mark.parametrize("options", [(), ("--stay",)], ids=["each", "all"])
def test_what_a_program_has_started_is_ended_with_it(url: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    """A shell in front of the real handler leaves nobody at work on an event that is another's by then."""
    mark = uuid.uuid4().hex
    command = program(tmp_path, CHILD, f"'{mark}'")
    run(url, "--exec", command, *options, "--count", "1", "--visibility", "1")
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    assert not [one for one in commands if mark.encode() in one]


def test_a_program_that_stays_may_finish_its_work(url: str, tmp_path: Path) -> None:
    """The end of its input asks it to end; what it does then is waited for."""
    source = ALL + "\nimport time\ntime.sleep(0.3)\nopen({log!r}, 'a').write('99')\n"
    assert run(url, "--exec", program(tmp_path, source, "pass"), "--stay", "--count", "6").code == 0
    assert seen(tmp_path) == [*range(6), 99]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--exec", "no-such-program --x"), "'no-such-program' is no program"),
        (("--exec", "sh -c 'open"), "No closing quotation"),
        (("--exec", ""), "no program"),
        (("--stay",), "--exec CMD, which is missing"),
    ],
)
def test_a_program_that_cannot_be_run_is_told_before_anything_is_taken(
    url: str, options: tuple[str, ...], said: str
) -> None:
    """A mistyped command takes no event."""
    outcome = run(url, *options)
    assert outcome.code == 2
    assert said in outcome.err
    (status,) = invoke("hub", "status", "--hub", url, "--json").rows
    assert status["groups"] == []
