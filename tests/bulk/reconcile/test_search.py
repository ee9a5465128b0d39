"""Looking for lost batches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from impactive_async._http.caller import Answer
from impactive_async.bulk.reconcile.evidence import NEWEST, Baseline
from impactive_async.bulk.reconcile.pairing import ListedContact, LostRow
from impactive_async.bulk.reconcile.search import ContactLists, LostBatch, Search
from impactive_async.errors import APIConnectionError, APIError, AuthenticationError
from tests.bulk.model import Model, people
from tests.support import FakeClock

NOBODY: frozenset[str] = frozenset()


def lost(model: Model, *bodies: dict[str, Any], first: int = 0, known: frozenset[str] = NOBODY) -> LostBatch:
    rows = tuple(LostRow(first + place, body, first) for place, body in enumerate(bodies))
    return LostBatch(
        first=first, rows=rows, baseline=Baseline(known, model.now), last_sent=model.clock.monotonic()
    )


def body(number: int) -> dict[str, Any]:
    row = people(1, number)[0]
    return {"firstName": row["first_name"], "lastName": row["last_name"], "email": row["email"]}


def search_of(model: Model, settle: float = 30.0) -> Search:
    return Search(model.api().lists, model.clock, "email", settle)


async def test_who_is_found_is_found_at_once() -> None:
    """Presence needs no waiting."""
    model = Model()
    batch = lost(model, body(1), body(2))
    ids = [model.add(row.body)["id"] for row in batch.rows]
    pairing = await search_of(model).look([batch], NOBODY)
    assert pairing.found == dict(enumerate(ids))
    assert model.clock.waits == []


async def test_absence_is_believed_only_after_the_server_had_time_to_settle() -> None:
    """Before that the lists are asked again and again; the last time when the time is over."""
    model = Model()
    pairing = await search_of(model, settle=30.0).look([lost(model, body(1))], NOBODY)
    assert pairing.missing == {0}
    assert sum(model.clock.waits) >= 29
    assert model.clock.waits[:4] == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("fate", ["late", "stamped"])
@pytest.mark.parametrize("delay", [0.5, 7, 29])
async def test_a_request_carried_out_late_is_found_within_that_time(fate: str, delay: float) -> None:
    """Whatever moment the server stamps on it."""
    model = Model()
    batch = lost(model, body(1), body(2))
    model.script = [f"{fate}:{delay}"]
    with pytest.raises(APIConnectionError):
        await model.create([dict(row.body) for row in batch.rows])
    pairing = await search_of(model).look([batch], NOBODY)
    assert set(pairing.found) == {0, 1}


async def test_what_is_found_on_the_way_stays_found() -> None:
    """A row that appears at once and one that appears late are both found; the first is not looked for again."""
    model = Model()
    batch = lost(model, body(1), body(2))
    first = model.add(batch.rows[0].body)
    model.script = ["late:10"]
    with pytest.raises(APIConnectionError):
        await model.create([dict(batch.rows[1].body)])
    pairing = await search_of(model).look([batch], NOBODY)
    assert pairing.found[0] == first["id"]
    assert set(pairing.found) == {0, 1}


async def test_contacts_of_other_rows_are_not_taken() -> None:
    """A claimed contact is nobody else's, however alike."""
    model = Model()
    batch = lost(model, body(1))
    claimed = model.add(body(1))["id"]
    pairing = await search_of(model).look([batch], frozenset({claimed}))
    assert pairing.missing == {0}


async def test_who_was_there_before_is_not_taken() -> None:
    """A contact with the row's address that is older than the batch is not the row's: the row is missing."""
    model = Model()
    model.add(body(1))
    newest = model.add(body(7))["id"]
    pairing = await search_of(model).look([lost(model, body(1), known=frozenset({newest}))], NOBODY)
    assert pairing.missing == {0}


async def test_batches_with_equal_rows_are_told_apart_together() -> None:
    """Two lost batches hold one address with different names; the one contact goes to the row with its name."""
    model = Model()
    other = {**body(1), "firstName": "Augusta"}
    first, second = lost(model, body(1), first=0), lost(model, other, first=10)
    found = model.add(other)["id"]
    pairing = await search_of(model).look([first, second], NOBODY)
    assert pairing.found == {10: found}
    assert pairing.missing == {0}


async def test_rows_that_may_have_slipped_off_the_lists_are_unclear() -> None:
    """If more were created meanwhile than the lists show, not to be found is not to be missing."""
    model = Model()
    known = frozenset({model.add(body(7))["id"]})
    batch = lost(model, body(1), known=known)
    for number in range(NEWEST):
        model.add(body(1000 + number))
    pairing = await search_of(model).look([batch], NOBODY)
    assert not pairing.missing
    assert pairing.unclear == {0}


async def test_the_second_list_is_only_asked_for_where_the_first_does_not_tell() -> None:
    """A known contact on the page spares the request."""
    model = Model()
    known = frozenset({model.add(body(7))["id"]})
    await search_of(model, settle=0).look([lost(model, body(1), known=known)], NOBODY)
    assert model.calls == ["newest"]


async def test_the_second_list_tells_where_the_first_has_no_order() -> None:
    """A list without `createdAt` proves nothing by its order; fewer than a hundred changes since do."""
    model = Model()
    model.with_created_at = False
    for number in range(600):
        model.add(body(1000 + number))
    model.clock.now += 3600
    batch = lost(model, body(1), known=frozenset({"con_599"}))
    pairing = await search_of(model).look([batch], NOBODY)
    assert pairing.missing == {0}
    assert model.calls[-2:] == ["newest", "changed"]


async def test_a_server_that_alters_addresses_is_not_believed_to_lack_any() -> None:
    """Once a search by address cannot be trusted, who is not found is unclear."""
    model = Model()
    search = search_of(model)
    search.trust_absence = False
    pairing = await search.look([lost(model, body(1))], NOBODY)
    assert not pairing.missing
    assert pairing.unclear == {0}


async def test_the_time_counts_from_the_batch_sent_last() -> None:
    """Two batches are looked for together until the later one has had its time."""
    model = Model()
    early = lost(model, body(1))
    model.clock.now += 20
    late = lost(model, body(2), first=10)
    start = model.clock.monotonic()
    await search_of(model, settle=30).look([early, late], NOBODY)
    assert model.clock.monotonic() >= start + 30


async def test_the_last_look_is_asked_for_after_the_time_is_over() -> None:
    """An answer that was on its way for long is as old as its question: it does not end the search."""
    clock, moments = FakeClock(), list[float]()

    async def newest(_: int) -> Answer[list[ListedContact]]:
        moments.append(clock.now)
        clock.now += 50
        return Answer([], 1, None)

    async def changed(_: datetime) -> Answer[list[ListedContact]]:
        raise AssertionError

    start = clock.now
    batch = LostBatch(first=0, rows=(LostRow(0, body(1), 0),), baseline=Baseline(NOBODY, None), last_sent=start)
    await Search(ContactLists(newest=newest, changed=changed), clock, "email", 30.0).look([batch], NOBODY)
    assert len(moments) == 2
    assert moments[-1] >= start + 30


async def test_lists_that_cannot_be_had_are_asked_for_again() -> None:
    """A search that fails now and then is not given up."""
    model = Model()
    model.list_failures = [APIConnectionError("no network")] * 3
    pairing = await search_of(model).look([lost(model, body(1))], NOBODY)
    assert pairing.missing == {0}


@pytest.mark.parametrize(
    ("failures", "calls"),
    [([APIConnectionError("no network")] * 4, 4), ([AuthenticationError("HTTP 401.", status=401)], 1)],
)
async def test_lists_that_cannot_be_had_at_all_are_an_error(failures: list[APIError], calls: int) -> None:
    """Nothing is concluded from not being able to look; and a refused key stays refused."""
    model = Model()
    model.list_failures = failures
    with pytest.raises(type(failures[0])):
        await search_of(model).look([lost(model, body(1))], NOBODY)
    assert len(model.calls) == calls
