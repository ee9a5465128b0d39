"""Lost batches are looked for together while others go on, and nothing is concluded too early."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from impactive_async.bulk.drafts import Body
from tests.bulk.model import Model, people
from tests.support import spin, until


def each_once(model: Model, rows: list[dict[str, Any]]) -> bool:
    return model.emails() == {row["email"]: 1 for row in rows}


async def test_other_batches_are_sent_while_the_lists_are_read() -> None:
    """Once a look has shown that the list reaches far enough, a search holds up nobody."""
    model, rows = Model(), people(400)
    model.script = ["ok"] * 4 + ["dropped"] + ["ok"] * 9 + ["dropped"]
    newest, sent_meanwhile = model.newest, list[int]()

    async def slow(limit: int) -> Any:
        before = len(model.sent)
        if limit == 500:
            await spin(100)
            sent_meanwhile.append(len(model.sent) - before)
        return await newest(limit)

    model.newest = slow  # type: ignore[method-assign]
    report = await model.run(rows)
    assert (report.created, report.found, report.ok) == (400, 20, True)
    first, second = sent_meanwhile
    assert first <= 4, "nobody knows yet how far the list reaches"
    assert second > 4
    assert each_once(model, rows)


async def test_nothing_more_is_sent_while_absence_is_waited_for() -> None:
    """What is created then could push the batch off the list before the last look."""
    model, rows = Model(), people(400)
    model.script = ["ok"] * 8 + ["lost"]
    sleep, waiting = model.clock.sleep, list[int]()

    async def sleep_on(seconds: float) -> None:
        if seconds >= 4:  # the first looks are over
            before = len(model.sent)
            await spin(200)
            waiting.append(len(model.sent) - before)
        await sleep(seconds)

    model.clock.sleep = sleep_on  # type: ignore[method-assign]
    report = await model.run(rows)
    assert (report.created, report.found) == (400, 0)
    assert waiting[-1] == 0
    assert each_once(model, rows)


@pytest.mark.parametrize("fate", ["lost", "dropped"])
async def test_the_contact_of_a_row_under_way_is_not_taken_for_its_lost_twin(fate: str) -> None:
    """The server has carried out a batch and not answered yet, and a batch of the same people is lost: its rows
    wait until the answer shows whose the contacts are.
    """
    model, rows = Model(), people(10) + people(10)
    answered, lost = asyncio.Event(), asyncio.Event()
    create, requests = model._create, 0

    async def under_way(bodies: list[Body]) -> Any:
        nonlocal requests
        requests += 1
        if requests == 1:
            answer = create(bodies, "ok")
            await answered.wait()
            return answer
        if requests == 2:
            lost.set()
            return create(bodies, fate)
        return create(bodies, "ok")

    model.create = under_way  # type: ignore[method-assign]
    running = asyncio.create_task(model.run(rows, keep_results=True))
    await lost.wait()
    await until(lambda: "newest" in model.calls[1:])
    await spin(50)
    assert not running.done()
    answered.set()
    report = await running
    results = report.results or ()
    assert (report.created, report.found) == (20, 10 if fate == "dropped" else 0)
    assert len({result.contact_id for result in results}) == len(model.contacts) == 20
    assert set(model.emails().values()) == {2}


async def test_a_batch_that_is_found_does_not_wait_for_one_that_is_not() -> None:
    """Two are lost; the one that the list shows is done long before the other is settled."""
    model, rows, done = Model(), people(20), list[tuple[int, float]]()
    model.fate_of = lambda bodies: (
        ("lost" if bodies[0]["email"] == rows[0]["email"] else "dropped") if len(model.sent) <= 2 else None
    )
    start = model.clock.monotonic()

    def told(progress: Any) -> None:
        done.append((progress.done, model.clock.monotonic() - start))

    await model.run(rows, on_progress=told)
    (first, early), (both, late) = done
    assert (first, both) == (10, 20)
    assert early < 10
    assert late >= 30
    assert each_once(model, rows)


async def test_a_list_that_shows_fewer_than_it_should_still_reaches_what_is_lost() -> None:
    """A service that cuts the list at a hundred: what is lost is looked for before much more is sent."""
    for seed in range(3):
        model, rows = Model(seed=seed, list_cap=100), people(400)
        model.add({"firstName": "Known", "lastName": "Contact"})
        model.chance = lambda model=model: model.random.choice(["ok"] * 9 + ["dropped", "lost"])  # type: ignore[misc]
        report = await model.run(rows, batch_size=5, resends=20)
        assert (report.created, report.unknown) == (400, ())
        assert each_once(model, rows)


async def test_a_search_that_breaks_fails_what_it_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected reaches the rows that it concerns; the call does not hang."""
    model, rows = Model(), people(40)
    model.script = ["ok"] * 2 + ["lost"]

    async def broken(_: float) -> None:
        raise KeyError("what?")

    monkeypatch.setattr(model.clock, "sleep", broken)
    error = await _error(model.run(rows, concurrency=1))
    assert isinstance(error.__cause__, KeyError)
    assert [failure.index for failure in error.report.unknown] == list(range(20, 30))


async def _error(call: Any) -> Any:
    try:
        await call
    except Exception as error:
        return error
    raise AssertionError


async def test_cancelling_a_search_leaves_no_task() -> None:
    """Ctrl-C while a lost batch is looked for ends the search as well."""
    model, before = Model(), asyncio.all_tasks()

    async def never(limit: int) -> Any:
        if limit == 500:
            await asyncio.Event().wait()
        return await Model.newest(model, limit)

    model.newest = never  # type: ignore[method-assign]
    model.script = ["ok", "dropped"]
    running = asyncio.create_task(model.run(people(100)))
    await until(lambda: len(model.sent) >= 4)
    await spin(50)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before
