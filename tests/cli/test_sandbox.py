"""`impactive sandbox`: how it answers."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from impactive_async import sandbox
from impactive_async.cli.commands.sandbox import DIALECTS, POPULATIONS
from tests.cli.support import PATIENCE, invoke
from tests.cli.terminal import on_pipes, stop


def test_the_help_names_each_dialect() -> None:
    """The command's own lists of dialects and sizes are those of the sandbox."""
    assert DIALECTS == sandbox.DIALECTS
    assert POPULATIONS == sandbox.POPULATIONS


@pytest.mark.parametrize("way", ["--dialect", "--profile"])
def test_it_speaks_a_dialect(way: str, tmp_path: Path) -> None:
    """By its name or by a file, the served sandbox answers as the profile says, and tells which it is."""
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(sandbox.dialect_profile("express")), encoding="utf-8")
    value = "express" if way == "--dialect" else str(file)
    with on_pipes("sandbox", "--port", "0", way, value, env={}) as process:
        assert process.stdout is not None
        told = ""
        while "Press Ctrl-C" not in told:
            told += process.stdout.readline()
        assert "dialect  express" in told
        env = dict(re.findall(r"export (IMPACTIVE_\w+)=(\S+)", told))
        url = env["IMPACTIVE_BASE_URL"] + "/nothing"
        request = urllib.request.Request(url, headers={"x-api-key": env["IMPACTIVE_API_KEY"]})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=PATIENCE)
        with caught.value as error:
            assert b"Cannot GET /nothing" in error.read()
        stop(process, signal.SIGINT)


def test_it_begins_as_it_is_told(tmp_path: Path) -> None:
    """How much is in it, how strict it is and how it fails; a snapshot goes before all of that, and says so."""
    options = ("--populate", "small", "--strict", "--chaos", "0.25", "--rate-limit", "9", "--reply-rate", "1")
    with on_pipes("sandbox", "--port", "0", *options, env={}) as process:
        assert process.stdout is not None
        told = ""
        while "Press Ctrl-C" not in told:
            told += process.stdout.readline()
        url = re.findall(r"(http\S+/_sandbox)/ui", told)[0]
        with urllib.request.urlopen(url + "/snapshot", timeout=PATIENCE) as answer:
            taken = answer.read()
        stop(process, signal.SIGINT)
    state = json.loads(taken)["state"]
    begun, rules = state["beginning"], state["world"]["rules"]
    assert (begun["populate"], state["faults"]["rate"], state["rate_limit"]) == ("small", 0.25, 9)
    assert (rules["strict"], rules["reply_rate"]) == (True, 1)
    both = invoke("sandbox", "--snapshot", "any.json", "--seed", "x", "--strict")
    assert (both.code, "leave out --seed, --strict:" in both.err) == (2, True)
    assert invoke("sandbox", "--populate", "huge").code == 2


def test_what_cannot_be_served(tmp_path: Path) -> None:
    """A damaged profile, a missing one, an unknown dialect, and two at once: usage errors with a reason."""
    file = tmp_path / "profile.json"
    file.write_text('{"profile": 1, "operations": {"*": {"cap": 0}}}', encoding="utf-8")
    wrong = invoke("sandbox", "--profile", str(file))
    assert wrong.code == 2
    assert "cap must be a whole number from 1" in wrong.err
    missing = invoke("sandbox", "--profile", str(tmp_path / "none.json"))
    assert (missing.code, "No such file" in missing.err) == (2, True)
    assert invoke("sandbox", "--dialect", "latin").code == 2
    both = invoke("sandbox", "--dialect", "noun", "--profile", str(file))
    assert (both.code, "not both" in both.err) == (2, True)
