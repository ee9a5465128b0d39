"""Rows as CloudEvents."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from attrs import evolve

from impactive_async.hub import HubEvent, event_id
from tests.hub.engines import event


def test_the_text_is_a_structured_cloudevent() -> None:
    """The JSON has the attributes that CloudEvents 1.0 requires, in one line of ASCII."""
    text = event(7).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "specversion": "1.0",
        "id": "replies:seq_1/em_7/v1",
        "source": "https://crm.example.com",
        "type": "com.impactiveai.reply.received",
        "subject": "em_7",
        "time": "2026-01-02T03:04:05.678000Z",
        "datacontenttype": "application/json",
        "data": {"id": "em_7", "n": 7, "subject": "Grüße 🙂 \0"},
    }


@pytest.mark.parametrize(
    "data", [{}, {"a": None, "b": [1.5, True, "\x7f\n"]}, {"n": 2**70}, {"text": "Grüße 🙂"}, {"half": "\ud800"}]
)
def test_the_text_is_ascii_whatever_the_data(data: dict[str, object]) -> None:
    """Numbers may have any size, and characters beyond ASCII are escaped, halves of them as well."""
    text = evolve(event(1), data=data).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text)["data"] == data


def test_an_event_survives_its_text() -> None:
    """Reading what was written gives an equal event."""
    assert HubEvent.from_json(event(7).to_json()) == event(7)


def test_the_time_is_written_in_utc() -> None:
    """An offset does not change the moment, and the same moment is written the same."""
    shifted = datetime(2026, 1, 2, 8, 34, 5, 678000, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert evolve(event(1), time=shifted).to_json() == event(1).to_json()


def test_a_naive_time_is_refused() -> None:
    """An event without a time zone is a `ValueError`."""
    with pytest.raises(ValueError, match="time zone"):
        evolve(event(1), time=datetime(2026, 1, 2))


@pytest.mark.parametrize("name", ["id", "source", "type"])
def test_what_cloudevents_requires_is_required(name: str) -> None:
    """An empty id, source or type is a `ValueError`."""
    with pytest.raises(ValueError, match=name):
        evolve(event(1), **{name: ""})  # type: ignore[arg-type]  # the three are strings


def test_data_that_is_not_json_is_refused() -> None:
    """What JSON cannot say is an error when the text is made, not when it is read."""
    with pytest.raises(ValueError, match="JSON compliant"):
        evolve(event(1), data={"n": float("nan")}).to_json()
    with pytest.raises(TypeError):
        evolve(event(1), data={"n": datetime(2026, 1, 2, tzinfo=UTC)}).to_json()


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"time":1}', '{"time":"soon"}'])
def test_a_foreign_text_is_refused(text: str) -> None:
    """A text that is no event is a `ValueError` that says so."""
    with pytest.raises(ValueError, match="not a CloudEvent"):
        HubEvent.from_json(text)


def test_an_events_id_tells_its_parts_apart() -> None:
    """No two triples of feed, row and version share an id, whatever characters they hold."""
    parts = ("a", "b", "a/b", "a%2Fb", "", "é", ":", "\ud800")
    ids = {event_id(*triple) for triple in product(parts, repeat=3)}
    assert len(ids) == len(parts) ** 3


def test_an_events_id_is_pinned() -> None:
    """Ids are compared across releases: this one never changes."""
    assert (
        event_id("replies:seq 1", "em_1", "2026-01-02T03:04:05.678+00:00")
        == "replies:seq%201/em_1/2026-01-02T03:04:05.678+00:00"
    )


def test_an_events_id_is_bounded() -> None:
    """Engines bound what they index: ids of any length stay below that, and apart from all others."""
    long = ["x" * length for length in (500, 501, 5_000, 100_000)]
    ids = [event_id("f", part, "v") for part in [*long, "é" * 5_000, "x" * 4_999 + "y"]]
    assert max(map(len, ids)) < 600
    parts = {one.split("/")[1] for one in ids}
    assert len(parts) == len(ids)
    assert not parts & {event_id("f", part, "v").split("/")[1] for part in parts if "=" in part}
