"""Words of strangers: no command lets a name, an address, a mail or a server's message steer the terminal."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Live, Outcome, live_sandbox

EVIL = "A\x1b[2J\x1b]0;owned\x07 \x9b31m \u202etxt.exe\u202c \u2066x\u2069 \u200f\u061c \x85\u2028 \r\x08\x7f B"
FIELDS = {
    "contacts": {"firstName": EVIL, "lastName": EVIL, "email": EVIL, "title": EVIL, "companyName": EVIL},
    "companies": {"name": EVIL, "website": EVIL, "industry": EVIL, "email": EVIL},
    "deals": {"name": EVIL, "value": 1, "currency": EVIL},
    "invoices": {"invoiceNumber": EVIL, "status": EVIL, "total": 1, "currency": EVIL},
    "projects": {"name": EVIL, "status": EVIL},
    "bookings": {"title": EVIL, "guestName": EVIL, "status": EVIL},
}
LISTS = [(kind, "list") for kind in (*FIELDS, "accounts", "sequences")]
OF_SEQUENCE = [
    ("sequences", "show", "{sequence}"),
    ("sequences", "enrollments", "{sequence}"),
    ("sequences", "sends", "{sequence}"),
    ("replies", "{sequence}"),
    ("auth",),
]
STREAMS = [
    *(("watch", kind, "--count", "1") for kind in FIELDS),
    *(("watch", kind, "{sequence}", "--count", "1") for kind in ("replies", "sends", "enrollments")),
    ("watch", "--all", "--count", "5"),
]


@pytest.fixture(scope="module")
def evil() -> Iterator[tuple[Live, str]]:
    """A sandbox in which every word is meant to steer a terminal."""
    with live_sandbox(seed=EVIL, populate=False) as live:
        for kind, fields in FIELDS.items():
            live.state.add(kind, fields)  # type: ignore[arg-type]
        contact = live.state.rows("contacts")[0].id
        sequence = live.state.create_sequence(EVIL).id
        live.state.add_sending_account(EVIL, EVIL)
        live.state.enroll(sequence, [contact])
        live.advance(hours=1)
        live.state.add_reply(contact, subject=EVIL, body=EVIL)
        yield live, sequence


def assert_harmless(outcome: Outcome) -> None:
    """Nothing but letters that can be seen, and line ends."""
    for text in (outcome.out, outcome.err):
        assert all(character in "\n\t" or character.isprintable() for character in text), ascii(text)


@pytest.mark.parametrize("form", ["--table", "--json"])
@pytest.mark.parametrize("command", [*LISTS, *OF_SEQUENCE, *STREAMS], ids=" ".join)
def test_rows_steer_no_terminal(evil: tuple[Live, str], command: tuple[str, ...], form: str) -> None:
    """Tables, lines and JSON of every command show the words, and obey none."""
    live, sequence = evil
    outcome = live.cli(*(part.format(sequence=sequence) for part in command), form)
    assert outcome.code == 0, outcome.err
    assert_harmless(outcome)
    assert "owned" in outcome.out
    if form == "--json":
        assert any(EVIL in str(leaf) for row in outcome.rows for leaf in _leaves(row))


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["", "debug"])
def test_a_servers_message_steers_no_terminal(live: Live, status: int, debug: tuple[str, ...]) -> None:
    """Errors, and the traceback of `--debug`, quote the server harmlessly."""
    body = json.dumps({"error": EVIL}).encode()
    live.sandbox.fail("GET /api/agent/contacts", status=status, body=body, times=None)
    outcome = live.cli("contacts", "list", "--max-retries", "0", *debug)
    assert outcome.code != 0
    assert "owned" in outcome.err
    assert_harmless(outcome)


def test_notes_steer_no_terminal(live: Live) -> None:
    """A row that cannot be read, a reason why somebody was skipped, an id that is not there."""
    live.state.add("deals", {"name": [EVIL]})
    assert_harmless(live.cli("watch", "deals", "--count", "1"))
    sequence = live.state.create_sequence("Welcome").id
    outcome = live.cli("sequences", "enroll", sequence, "--contact", EVIL)
    assert "owned" in outcome.err
    assert_harmless(outcome)
    assert_harmless(live.cli("sequences", "pause", sequence, "--contact", EVIL))


@pytest.mark.parametrize(
    "arguments",
    [
        (EVIL,),
        ("contacts", EVIL),
        ("contacts", "list", f"--{EVIL}"),
        ("contacts", "list", "--limit", EVIL),
        ("contacts", "list", "--json", EVIL),
        ("watch", EVIL),
        ("deals", "list", "--since", EVIL),
        ("deals", "create", "x", "--value", EVIL),
        ("companies", "create", "x", "--extra", EVIL),
        ("sequences", "create", "-f", f"/nowhere/{EVIL}"),
        ("sequences", "show", EVIL),
        ("hub", "status", "--hub", EVIL),
        ("--show-completion", EVIL),
    ],
    ids=lambda arguments: " ".join(arguments).replace(EVIL, "EVIL"),
)
def test_what_was_typed_steers_no_terminal(live: Live, arguments: tuple[str, ...]) -> None:
    """Arguments may have been pasted from elsewhere: errors quote them harmlessly."""
    outcome = live.cli(*arguments)
    assert outcome.code != 0
    assert outcome.out == ""
    assert_harmless(outcome)


def test_a_files_words_steer_no_terminal(live: Live, tmp_path: Path) -> None:
    """The preview of an import and the notes beside it show a file's cells and column names harmlessly."""
    file = tmp_path / "people.csv"
    cells = EVIL.replace("\r", "").replace("\x85", "").replace("\u2028", "")
    file.write_text(f'first,last,"{cells}"\nAda,L,"{cells}"\nBob,"{cells}",x\n', encoding="utf-8", newline="")
    for more in ((), ("--map", "#3=extra.note"), ("--map", f"#3=extra.{cells}"), ("--map", f"{cells}=x")):
        for form in ("--table", "--json"):
            assert_harmless(live.cli("contacts", "import", str(file), "--dry-run", "--skip-bad", *more, form))


def test_logs_of_others_steer_no_terminal(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asyncio or aiohttp log of a failure that nobody waited for goes the same way."""

    async def noisy(self: object) -> None:
        logging.getLogger("asyncio").error("Task exception was never retrieved: %s", EVIL)
        raise ValueError("over")

    monkeypatch.setattr("impactive_async.resources.zapier.Zapier.auth_test", noisy)
    outcome = live.cli("auth")
    assert "never retrieved" in outcome.err
    assert_harmless(outcome)
