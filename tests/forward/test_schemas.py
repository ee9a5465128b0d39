"""The JSON Schemas of events: they describe what is logged, what the docs show, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from impactive_async import AsyncClient, BadRow, Gap, Poll
from impactive_async.hub import HubEvent
from impactive_async.hub.schemas import event_schema, event_types
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.feeds import feed_names, open_feed
from impactive_async.resources.watching.kinds import KINDS
from impactive_async.sandbox import Sandbox
from tests.cli.support import invoke
from tests.docs.pages import blocks

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
SHOWN = [json.loads(block.code) for block in blocks("events.md") if block.language == "json"]


def wrong(document: dict[str, Any]) -> list[str]:
    schema = event_schema(document["type"])
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


async def test_what_is_logged_is_as_its_schema_says(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Rows of each kind, unknown fields included, gaps and unreadable rows; no type is without a schema."""
    contact = sandbox.state.create_contact("Ada", "Lovelace", email="ada@example.com", extra={"score": 7})
    sequence = sandbox.state.create_sequence("Welcome").id
    sandbox.state.enroll(sequence, [contact.id])
    await sandbox.clock.advance(minutes=5)
    sandbox.state.add_reply(contact.id)
    sandbox.state.add("bookings", {"title": "Call"})
    seen = set()
    for name in feed_names(KINDS, [sequence]):
        poll = await open_feed(crm, name, since=None, interval=60).poll()
        gap = Gap(name, "overflow", WHEN, WHEN + timedelta(hours=1))
        losses: Poll[Any] = Poll(rows=[], gaps=[gap], cursor="", next_in=1.0, bad=[BadRow(3, "no id", {"a": 1})])
        for event in (*events_of("/workspaces/w", name, poll, WHEN), *events_of("/w", name, losses, WHEN)):
            assert wrong(json.loads(event.to_json())) == []
            seen.add(event.type)
    assert seen == set(event_types())


def test_the_docs_show_one_of_each() -> None:
    """Whole, as it is logged, and readable as an event; rows among them as rows."""
    assert [document["type"] for document in SHOWN] == event_types()
    for document in SHOWN:
        assert wrong(document) == []
        event = HubEvent.from_json(json.dumps(document))
        assert json.loads(event.to_json()) == document
        assert (event.row is None) is (".feed." in event.type)


@pytest.mark.parametrize("name", ["id", "type", "data"])
def test_a_schema_refuses_what_is_no_event(name: str) -> None:
    """Each attribute is required; a row's unknown field outside of `extra` is refused."""
    document = SHOWN[5]
    assert wrong({key: value for key, value in document.items() if key != name} | {"type": document["type"]}) or (
        name == "type"
    )
    assert wrong(document | {"data": document["data"] | {"firstName": "x"}})
    assert wrong(document | {"data": {"id": 3}})


@pytest.mark.parametrize("name", ["deal", "deal.updated", "com.impactiveai.deal.updated"])
def test_a_type_may_be_named_in_short(name: str) -> None:
    """And the command prints the same."""
    assert event_schema(name)["title"] == "com.impactiveai.deal.updated"
    assert json.loads(invoke("schema", name).out) == event_schema("deal")


def test_the_command_lists_the_types() -> None:
    """And names them where one is mistyped."""
    assert invoke("schema").out.split() == event_types()
    outcome = invoke("schema", "lead")
    assert (outcome.code, "no type of event 'lead'; there are enrollment" in outcome.err) == (2, True)
    assert event_schema("gap") == event_schema("feed.gap")
