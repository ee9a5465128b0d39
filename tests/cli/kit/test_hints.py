"""What the command line adds to an error's own words."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.cli.kit.errors import sentence
from tests.cli.support import Live, invoke

HOST = "The host comes from --base-url or IMPACTIVE_BASE_URL."
IDS = "Ids are listed by"


@pytest.mark.parametrize(
    "fault", [{"status": 404}, {"status": 304}, {"body": b"<p>", "content_type": "text/html"}]
)
def test_a_wrong_host_is_told_as_one(live: Live, fault: dict[str, Any]) -> None:
    """A list that is not there is no mistyped id: where the host comes from is said."""
    live.sandbox.fail("GET /api/agent/contacts", **fault)
    outcome = live.cli("contacts", "list")
    assert HOST in outcome.err
    assert IDS not in outcome.err
    assert "no such id" not in outcome.err


def test_a_mistyped_id_is_told_as_one(live: Live) -> None:
    """Of an id that is not there, the host is not to blame."""
    outcome = live.cli("sequences", "show", "seq_typo")
    assert "no such id in this workspace" in outcome.err
    assert IDS in outcome.err
    assert HOST not in outcome.err


@pytest.mark.parametrize("url", ["http://crm.example", "https://a..b.example", "crm.example"])
def test_a_host_that_will_not_do_names_its_option(url: str) -> None:
    """No option is advised that the command line does not have."""
    outcome = invoke("auth", "--base-url", url, env={"IMPACTIVE_API_KEY": "icrm_" + "0" * 32})
    assert outcome.code == 3
    assert HOST in outcome.err
    assert "allow_insecure_http" not in outcome.err


def test_other_errors_stand_alone() -> None:
    """Where there is nothing to add, nothing is."""
    assert sentence(ValueError("two\nlines")) == "two lines"
