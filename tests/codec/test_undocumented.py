"""Undocumented fields: their names are learnt, so that pages with them are read fast, and with the same result."""

from __future__ import annotations

import functools
from typing import Any

import orjson
import pytest

from impactive_async._codec import codec
from impactive_async._codec.codec import read_rows
from impactive_async._codec.exact import exact_reader
from impactive_async._codec.fast import reader
from impactive_async._codec.fast.reader import FastReader
from impactive_async._codec.fast.undocumented import MOST_NAMES
from impactive_async.models import Contact, Sequence

CONTACT: dict[str, Any] = {"id": "ct_1", "firstName": "Ada", "lastName": "Lovelace"}


class Reading:
    """Reads pages with a fast reader that has learnt nothing yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.readers = functools.cache(reader._made)
        monkeypatch.setattr(codec, "fast_reader", self.readers)

    def fast(self, cls: type) -> FastReader:
        made = self.readers(cls)
        assert made is not None
        return made

    def rows(self, cls: type, *raws: dict[str, Any]) -> list[Any]:
        """Rows as a call reads them; they are what the exact reader makes of them."""
        rows: list[Any] = read_rows(cls, orjson.dumps(raws))
        assert rows == [exact_reader(cls)(raw, cls) for raw in raws]
        return rows

    def is_fast(self, cls: type, *raws: dict[str, Any]) -> bool:
        """Whether the next such page is read from its bytes to rows, which are the same rows."""
        fast = self.fast(cls).rows(orjson.dumps(raws))
        assert fast is None or fast == [exact_reader(cls)(raw, cls) for raw in raws]
        return fast is not None


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    return Reading(monkeypatch)


VALUES: list[Any] = [None, True, 7, -(2**63), 1.5, "", "Grüße 🙂", [1, {"a": None}], {}, {"x": [2**63, 1e300]}]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_page_after_the_first_is_read_fast(reading: Reading, value: Any) -> None:
    """Whatever the values are; rows without the field, and pages without it, are as fast."""
    page = [{**CONTACT, "score": value}, CONTACT]
    assert not reading.is_fast(Contact, *page)
    reading.rows(Contact, *page)
    assert reading.is_fast(Contact, *page)
    assert reading.is_fast(Contact, CONTACT)
    assert reading.rows(Contact, *page)[1].extra == {}


@pytest.mark.parametrize("value", [{"at": 1}, [], 2**63], ids=str)
def test_a_value_of_another_kind_is_read_as_before(reading: Reading, value: Any) -> None:
    """A number that is an object in the next page, or does not fit: it is read, and learnt if possible."""
    reading.rows(Contact, {**CONTACT, "score": 1})
    assert not reading.is_fast(Contact, {**CONTACT, "score": value})
    reading.rows(Contact, {**CONTACT, "score": value})
    assert reading.is_fast(Contact, {**CONTACT, "score": value}) is not isinstance(value, int)
    assert reading.is_fast(Contact, {**CONTACT, "score": 1})


def test_rows_within_rows_have_undocumented_fields_of_their_own(reading: Reading) -> None:
    """The same name may be learnt of two classes, and is kept where it stands."""
    raw = {
        "id": "1", "name": "Welcome", "tone": "warm",
        "steps": [{"id": "2"}, {"id": "3", "tone": {"hours": 4}}],
        "enrollmentCounts": {"total": 5, "bounced": 1},
    }  # fmt: skip
    reading.rows(Sequence, raw)
    assert reading.is_fast(Sequence, raw)
    (row,) = reading.rows(Sequence, raw)
    assert (row.extra, row.steps[1].extra) == ({"tone": "warm"}, {"tone": {"hours": 4}})


def test_rows_do_not_share_what_they_keep(reading: Reading) -> None:
    """Each has a mapping of its own."""
    reading.rows(Contact, {**CONTACT, "score": 1})
    first, second = reading.rows(Contact, CONTACT, {**CONTACT, "score": 2})
    assert (first.extra, second.extra) == ({}, {"score": 2})


@pytest.mark.parametrize("name", ['a "quoted" one', "back\\slash", "tab\there", "id'", "a\nb = 1", "größe", ""])
def test_a_name_may_be_any_text(reading: Reading, name: str) -> None:
    """A name that cannot be learnt leaves the page as readable as it was."""
    raw = {**CONTACT, name: "x"}
    reading.rows(Contact, raw)
    learnt = not set(name) & {'"', "\\", "\t", "\n"}
    assert reading.is_fast(Contact, raw) is learnt
    assert reading.rows(Contact, raw)[0].extra == {name: "x"}


def test_fields_of_the_contract_under_other_names_are_not_learnt(reading: Reading) -> None:
    """Their rows are looked at one by one, on every page."""
    raw = {**CONTACT, "updated_at": "2026-01-01T00:00:00Z", "score": 1}
    for _ in range(2):
        read = read_rows(Contact, orjson.dumps([raw]))
        assert read[0].extra["score"] == 1
        assert not reading.is_fast(Contact, raw)


def test_a_service_that_makes_up_names_does_not_fill_the_memory(reading: Reading) -> None:
    """Of names that are ids so many are learnt and no more; the rows are right."""
    for number in range(MOST_NAMES):
        reading.rows(Contact, {**CONTACT, **{f"n{number}_{each}": each for each in range(7)}})
    places = dict(reading.fast(Contact)._undocumented.places)
    assert len(places[Contact]) == MOST_NAMES
    assert reading.is_fast(Contact, {**CONTACT, "n0_0": 1})


def test_what_is_no_text_within_an_object_is_found_out(reading: Reading) -> None:
    """An object's text is taken as it is, and read by the parser that reads all others."""
    reading.rows(Contact, {**CONTACT, "more": {"a": 1}})
    body = b'[{"id":"ct_1","firstName":"Ada","lastName":"L","more":{"a":"\xff"}}]'
    assert reading.fast(Contact).rows(body) is None
