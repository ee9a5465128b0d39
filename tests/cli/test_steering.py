"""`impactive sandbox advance` and the like: a sandbox that runs elsewhere is steered from a terminal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from impactive_async.sandbox import DEFAULT_NOW
from tests.cli.support import Live, invoke, live_sandbox
from tests.cli.terminal import on_pipes, stop


def told(live: Live, *arguments: str) -> str:
    """What a command says that succeeds."""
    done = live.cli("sandbox", *arguments)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_the_clock_is_moved_run_and_stopped(live: Live) -> None:
    """By a span in days, hours, minutes and seconds, or to a moment; each time it says what time it is."""
    still = "it stands still; nothing is due.\n"
    assert told(live, "advance", "1d12h30m1.5s") == f"It is 2026-05-02 21:30:01 UTC; {still}"
    assert told(live, "advance", "--to", "2026-05-09") == f"It is 2026-05-09 00:00:00 UTC; {still}"
    assert "; 60 virtual second(s) per second; " in told(live, "speed", "60")
    assert told(live, "speed", "stop").endswith(still)


def test_the_sandbox_at_a_glance(live: Live, dialect: str) -> None:
    """One look says what is in it, what is due, and what goes wrong on purpose."""
    ada = live.state.rows("contacts")[0].id
    sequence = live.state.create_sequence("Hello", [1])
    live.state.enroll(sequence.id, [ada])
    assert told(live, "fail", "GET /api/zapier/deals", "--status", "503") == (
        "Fault 1 is armed; `impactive sandbox clear 1` removes it.\n"
    )
    shown = told(live, "status")
    assert "it stands still; next due 2026-05-02 09:00:00 UTC." in shown
    assert f"Dialect {dialect}, seed cli." in shown
    assert "12 contacts, 4 companies, 5 deals" in shown
    assert "1 fault armed, chaos 0%; 0 requests so far." in shown


def test_faults_strike_until_they_are_cleared(live: Live) -> None:
    """What a command arms, the next command of the API meets."""
    told(live, "fail", "GET /api/zapier/deals", "--status", "400", "--always")
    assert live.cli("deals", "list").code == 6
    assert told(live, "clear", "1") == "Fault 1 is removed.\n"
    assert live.cli("deals", "list").code == 0
    assert told(live, "chaos", "1", "--kind", "500") == "100% of all requests fail from now on.\n"
    assert live.cli("deals", "list", "--max-retries", "0").code == 8
    assert told(live, "clear") == "No request fails any more.\n"
    assert live.cli("deals", "list").code == 0


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_people_write_back_and_rows_come_in_bursts(live: Live) -> None:
    """A reply is in the contact's list at once; a burst overflows a list."""
    ada = live.state.rows("contacts")[0]
    said = told(live, "reply", ada.id, "--body", "Tell me more")
    assert said.startswith(f"{ada.fields['email']} wrote back: {live.state.replies[0].id}.")
    assert [row.body for row in live.state.replies] == ["Tell me more"]
    assert told(live, "burst", "deals", "150") == "Made: 150 deals.\n"
    assert len(live.cli("deals", "list").rows) == 100


def test_a_snapshot_is_a_file_to_go_back_to(live: Live, tmp_path: Path) -> None:
    """Written once and never over another file; a damaged one is refused, and changes nothing."""
    file = tmp_path / "before.json"
    assert told(live, "snapshot", str(file)).startswith(f"Written: {file}, ")
    told(live, "burst", "deals", "3")
    assert len(live.state.rows("deals")) == 8
    again = live.cli("sandbox", "snapshot", str(file))
    assert (again.code, "is there already" in again.err) == (2, True)
    assert told(live, "restore", str(file)).startswith("It is 2026-05-01 09:00:00 UTC;")
    assert len(live.state.rows("deals")) == 5
    file.write_bytes(file.read_bytes()[:-9])
    damaged = live.cli("sandbox", "restore", str(file))
    assert (damaged.code, len(live.state.rows("deals"))) == (2, 5)
    missing = live.cli("sandbox", "restore", str(tmp_path / "none"))
    assert (missing.code, "No such file" in missing.err) == (2, True)
    begun = invoke("sandbox", "--snapshot", str(file))
    assert (begun.code, "is damaged" in begun.err) == (2, True)


def test_requests_are_shown_and_the_sandbox_begins_anew(live: Live) -> None:
    """The latest requests, with their answers; a reset forgets them, and keeps the key."""
    live.cli("deals", "list", "--since", "2026-05-01")
    live.cli("companies", "list")
    assert told(live, "requests").splitlines() == [
        "2026-05-01 09:00:00  200  GET /api/zapier/deals?since=2026-05-01T00:00:00Z",
        "2026-05-01 09:00:00  200  GET /api/zapier/companies",
    ]
    assert len(told(live, "requests", "--limit", "1").splitlines()) == 1
    told(live, "advance", "3d")
    assert told(live, "reset", "--empty").startswith("It is 2026-05-01 09:00:00 UTC")
    assert live.sandbox.clock.now() == DEFAULT_NOW
    assert told(live, "requests") == ""
    assert live.cli("companies", "list").out == ""


@pytest.mark.slow
def test_requests_are_followed_until_ctrl_c(live: Live) -> None:
    """Each line comes as a request is answered."""
    live.cli("companies", "list")
    with on_pipes("sandbox", "requests", "--follow", env=live.env) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("GET /api/zapier/companies\n")
        live.cli("deals", "list")
        assert process.stdout.readline().endswith("200  GET /api/zapier/deals\n")
        assert stop(process, signal.SIGINT)[0] == 130


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("advance",), "Say by how much, as 3d, or --to which moment."),
        (("advance", "3d", "--to", "2026-05-09"), "Say by how much"),
        (("advance", "3 days"), "'3 days' is not a span: write it as 3d, 36h, 90m or 1d12h."),
        (("speed", "fast"), "'fast' is neither a number nor `stop`."),
        (("speed", "0"), "speed must be above 0"),
        (("reply", "con_none"), "contacts has no row con_none."),
        (("burst", "people", "3"), "kind must be one of contacts, companies"),
        (("fail", "*"), "Say how it fails: --status, --delay or --disconnect."),
        (("fail", "GET /nowhere", "--status", "500"), "GET /nowhere"),
        (("clear", "9"), "there is no fault 9."),
        (("chaos", "0.5", "--kind", "fire"), "'fire' is not one of 429, 500"),
    ],
)
def test_what_is_wrong_is_said(live: Live, arguments: tuple[str, ...], words: str) -> None:
    """A slip costs nothing: exit code 2, and a line that says what would be right."""
    done = live.cli("sandbox", *arguments)
    assert done.code == 2
    assert words in done.err


def test_nobody_there_and_a_word_that_is_wanted() -> None:
    """A sandbox that is not running is no connection; one with a token names the header."""
    with live_sandbox(control_token="hush") as live:
        refused = live.cli("sandbox", "status")
        assert (refused.code, "x-sandbox-token is missing or wrong" in refused.err) == (2, True)
        assert live.cli("sandbox", "status", IMPACTIVE_SANDBOX_TOKEN="hush").code == 0
        url = live.sandbox.url
    gone = invoke("sandbox", "status", "--url", url)
    assert gone.code == 9
    assert f"no sandbox answers at {url}" in gone.err
    assert "Start one with `impactive sandbox`, or name it with --url." in gone.err
