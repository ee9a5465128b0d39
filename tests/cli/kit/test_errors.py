"""Trouble: one helpful sentence on stderr, an exit code by class, no traceback, and never the key."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from impactive_async import AsyncClient
from impactive_async.cli.kit.errors import exit_code, sentence
from impactive_async.errors import (
    APITimeoutError,
    BadRequestError,
    BulkError,
    CursorError,
    FeedGapError,
    HubError,
    ImpactiveError,
    JournalError,
    RateLimitError,
)
from impactive_async.models import Gap
from impactive_async.pages.texts import plain
from tests.cli.support import Live, Outcome, invoke

WRONG_KEY = "icrm_" + "0" * 32
NOWHERE = "http://127.0.0.1:9"


def the_sentence(outcome: Outcome) -> str:
    """The one line that was said, after making sure that it is one and gives nothing away."""
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("impactive: ")
    assert "Traceback" not in line
    assert "icrm_0" not in line
    return line


def test_a_missing_key() -> None:
    """Without a key: how to give one, where to get one, and what to do without an account."""
    outcome = invoke("auth")
    line = the_sentence(outcome)
    assert outcome.code == 3
    assert "export IMPACTIVE_API_KEY=" in line
    assert "impactive sandbox" in line


def test_an_ill_formed_key() -> None:
    """A key cut short while copying is told from a refused one, before any request."""
    outcome = invoke("auth", env={"IMPACTIVE_API_KEY": "icrm_0123"})
    assert outcome.code == 3
    assert "ill-formed" in the_sentence(outcome)


def test_a_revoked_key(live: Live) -> None:
    """A key that the server refuses: exit code 4, and what to check."""
    outcome = live.cli("auth", IMPACTIVE_API_KEY=WRONG_KEY)
    assert outcome.code == 4
    assert "not revoked" in the_sentence(outcome)


def test_an_unreachable_host() -> None:
    """A host that is not there: exit code 9, and where the host's name comes from."""
    outcome = invoke("auth", "--base-url", NOWHERE, "--max-retries", "0", env={"IMPACTIVE_API_KEY": WRONG_KEY})
    assert outcome.code == 9
    assert "IMPACTIVE_BASE_URL" in the_sentence(outcome)


def test_plain_http_to_the_world() -> None:
    """The key is not sent in the clear."""
    outcome = invoke("auth", "--base-url", "http://crm.example.com", env={"IMPACTIVE_API_KEY": WRONG_KEY})
    assert outcome.code == 3
    assert "https://" in the_sentence(outcome)


def test_a_mistyped_id(live: Live) -> None:
    """An id that the workspace does not have: exit code 5, and how to list those it has."""
    outcome = live.cli("sequences", "show", "seq_typo")
    assert outcome.code == 5
    assert "impactive sequences list" in the_sentence(outcome)


@pytest.mark.parametrize("wrong", ["a/b", "..", " ", "a\nb"])
def test_an_id_that_is_none(live: Live, wrong: str) -> None:
    """What cannot be an id is refused before any request."""
    before = len(live.sandbox.requests)
    outcome = live.cli("sequences", "show", wrong)
    assert outcome.code == 2
    assert "is not an id" in the_sentence(outcome)
    assert len(live.sandbox.requests) == before


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"status": 400}, 6),
        ({"status": 403}, 4),
        ({"status": 409}, 6),
        ({"status": 418}, 6),
        ({"status": 429, "retry_after": 999}, 7),
        ({"status": 500}, 8),
        ({"truncate": True}, 8),
        ({"body": b"<html>", "content_type": "text/html"}, 8),
        ({"disconnect": True}, 9),
    ],
    ids=lambda value: str(value),
)
def test_trouble_of_the_server(live: Live, trouble: dict[str, Any], code: int) -> None:
    """Each class of trouble has its exit code."""
    live.sandbox.fail("GET /api/agent/contacts", times=None, **trouble)
    outcome = live.cli("contacts", "list", "--max-retries", "0")
    the_sentence(outcome)
    assert outcome.code == code


def test_a_write_of_unknown_outcome(live: Live) -> None:
    """A create whose answer is lost is not repeated, and has an exit code of its own: look before repeating it."""
    live.sandbox.fail("POST /api/agent/contacts", drop_after_commit=True, times=None)
    before = len(live.state.rows("contacts"))
    outcome = live.cli("contacts", "create", "Ada", "Lovelace")
    assert outcome.code == 11
    assert "look before you repeat it" in the_sentence(outcome)
    assert len(live.state.rows("contacts")) == before + 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (APITimeoutError("late"), 9),
        (APITimeoutError("late", outcome_unknown=True), 11),
        (BadRequestError("no", status=400), 6),
        (RateLimitError("slow down", status=429), 7),
        (HubError("gone"), 9),
        (BulkError("some failed", report=None), 10),  # type: ignore[arg-type]
        (CursorError("damaged"), 12),
        (JournalError("in use"), 12),
        (FeedGapError(Gap("sends", "overflow", None, None)), 13),
        (ImpactiveError("something of ours"), 1),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "leads.csv"), 2),
        (ValueError("limit is a whole number"), 2),
        (RuntimeError("a bug"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_exit_codes(error: Exception, code: int) -> None:
    """The code follows from the error's class alone."""
    assert exit_code(error) == code


def test_a_file_that_is_not_there(live: Live, tmp_path: Path) -> None:
    """A missing file is named."""
    outcome = live.cli("sequences", "create", "-f", str(tmp_path / "nothing.toml"))
    assert outcome.code == 2
    assert "nothing.toml" in the_sentence(outcome)


def test_a_bug_is_called_one(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody foresaw is one sentence too; with --debug also its traceback, but no variables, no key."""

    async def broken(_: object) -> None:
        secret = live.sandbox.api_key
        raise RuntimeError(f"the key is {secret}")

    monkeypatch.setattr("impactive_async.resources.zapier.Zapier.auth_test", broken)
    outcome = live.cli("auth")
    assert outcome.code == 1
    line = the_sentence(outcome)
    assert "This is a bug" in line
    assert "icrm_…" in line
    loud = live.cli("auth", "--debug")
    assert "Traceback (most recent call last)" in loud.err
    assert "in broken" in loud.err
    assert live.sandbox.api_key not in outcome.err + loud.err


def test_debug_logs_requests_without_the_key(live: Live) -> None:
    """With --debug every request is a line on stderr; stdout stays pure."""
    outcome = live.cli("auth", "--debug")
    assert outcome.code == 0
    assert "GET /api/zapier/auth/test -> 200" in outcome.err
    assert live.sandbox.api_key not in outcome.err
    assert [row["name"] for row in outcome.rows] == ["Sandbox cli"]


def test_what_a_server_says_does_not_steer_the_terminal(live: Live) -> None:
    """Escape sequences in an error's text arrive as harmless characters."""
    body = json.dumps({"error": "\x1b]0;owned\x07 no"}).encode()
    live.sandbox.fail("GET /api/agent/contacts", status=400, body=body)
    outcome = live.cli("contacts", "list")
    assert "owned" in outcome.err
    assert "\x1b" not in outcome.err
    assert "\x07" not in outcome.err


def test_plain_text_keeps_what_text_is_made_of() -> None:
    """Letters, tabs and line ends stay; what steers a terminal does not."""
    assert plain("Zoë\t1\n") == "Zoë\t1\n"
    assert plain("a\x1b[31mb\x9bc\rd") == "a�[31mb�c�d"


def test_a_sentence_is_one_line() -> None:
    """However an error's text is broken, it is told in a line."""
    assert sentence(ValueError("two\nlines")) == "two lines"


def test_a_client_is_closed_whatever_happens(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections do not outlive a command that fails."""
    closed: list[bool] = []
    close = AsyncClient.aclose

    async def closing(self: AsyncClient) -> None:
        await close(self)
        closed.append(True)

    monkeypatch.setattr(AsyncClient, "aclose", closing)
    assert live.cli("sequences", "show", "seq_typo").code == 5
    assert closed == [True]


def test_unknown_commands_are_guessed() -> None:
    """A slip of the finger is answered with what was meant."""
    outcome = invoke("contacts", "lst")
    assert outcome.code == 2
    assert "No such command 'lst'" in outcome.err
