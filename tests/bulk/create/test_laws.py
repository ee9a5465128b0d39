"""The laws of `create_many` under random trouble: every seed is another life of an import."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from impactive_async.bulk.journal.created import created_ids
from impactive_async.bulk.report import CreateReport, Outcome, RowFailure
from impactive_async.errors import BulkError, RateLimitError, ServerError
from tests.bulk.model import Model, people
from tests.support import outcome, until

LIVES = int(os.environ.get("IMPACTIVE_TEST_LIVES", "6"))
"""How many of each kind."""

FATES = ["ok"] * 12 + ["429", "lost", "dropped", "502", "garbled", "late:3", "late:25", "stamped:3", "stamped:25"]


def troubled(seed: int) -> tuple[Model, random.Random]:
    """A workspace with people in it already, some of them namesakes, whose server fails at random."""
    dice = random.Random(seed)
    model = Model(seed=seed)
    for number in range(dice.choice([0, 1, 5, 700])):
        model.add({"firstName": "Old", "lastName": str(number), "email": f"old.{number}@example.com"})
    model.chance = lambda: dice.choice(FATES)
    return model, dice


def some_people(dice: random.Random) -> list[dict[str, Any]]:
    """Most with an address, some without; some equal, some bad."""
    rows: list[dict[str, Any]] = people(dice.randint(1, 300))
    for place in range(len(rows)):
        chance = dice.random()
        if chance < 0.02:
            rows[place] = {"first_name": "Ada"}
        elif chance < 0.04:
            rows[place] = {**rows[place], "title": "bad"}
        elif chance < 0.08:
            del rows[place]["email"]
        elif chance < 0.12:
            rows[place] = rows[dice.randrange(len(rows))]
    return rows


def fit(row: dict[str, Any]) -> bool:
    return "last_name" in row and row.get("title") != "bad"


def who(row: dict[str, Any]) -> tuple[str, str | None]:
    return row["first_name"], row.get("email")


def whom(model: Model) -> Counter[tuple[str, str | None]]:
    """Who is in the workspace that was not before, and how often."""
    model.clock.now += 3600
    model.emails()
    return Counter(
        (c["firstName"], c.get("email")) for c in model.contacts if c["firstName"] not in ("Old", "Other")
    )


def is_refusal(failure: RowFailure) -> bool:
    return isinstance(failure.error, RateLimitError)


def balanced(report: CreateReport) -> bool:
    return report.rows == report.created + report.already_created + len(report.failed) + len(report.unknown)


@pytest.mark.parametrize("seed", range(LIVES))
async def test_every_fit_row_is_created_exactly_once_without_a_journal(seed: int) -> None:
    """Whatever answers are lost: nobody twice, nobody left out, and the report says what became of each row."""
    model, dice = troubled(seed)
    rows = some_people(dice)
    report = await model.run(
        rows, batch_size=dice.randint(1, 60), concurrency=dice.randint(1, 6), keep_results=True, resends=50
    )
    assert balanced(report)
    assert all(is_refusal(failure) for failure in report.failed if fit(failure.row))
    assert {place for place, row in enumerate(rows) if not fit(row)} <= {
        failure.index for failure in report.failed
    }
    assert report.unknown == ()
    results = report.results or ()
    created = [row for row, result in zip(rows, results, strict=True) if result.outcome == Outcome.CREATED]
    assert whom(model) == Counter(map(who, created))
    by_id = {contact["id"]: (contact["firstName"], contact.get("email")) for contact in model.contacts}
    assert [by_id[result.contact_id] for result in results if result.contact_id] == list(map(who, created))


@pytest.mark.parametrize("seed", range(LIVES))
async def test_every_fit_row_is_created_exactly_once_however_often_it_is_interrupted(
    seed: int, tmp_path: Path
) -> None:
    """Cancelled at random moments, with requests that arrive after their sender has gone, and run to the end."""
    model, dice = troubled(1000 + seed)
    rows = some_people(dice)
    for _ in range(dice.randint(1, 6)):
        await interrupted(model, rows, dice, tmp_path)
    report = await finished(model, rows, tmp_path)
    assert balanced(report)
    fit_rows = [row for row in rows if fit(row)]
    assert len(report.failed) == len(rows) - len(fit_rows)
    assert whom(model) == Counter(map(who, fit_rows))
    by_id = {contact["id"]: (contact["firstName"], contact.get("email")) for contact in model.contacts}
    assert [by_id[i] async for i in created_ids(tmp_path / "journal")] == list(map(who, fit_rows))


async def interrupted(model: Model, rows: list[dict[str, Any]], dice: random.Random, directory: Path) -> None:
    """Begin, and break off when so many requests more have been made, a few turns of the loop later."""
    options = {"batch_size": dice.randint(1, 60), "concurrency": dice.randint(1, 6)}
    last = len(model.calls) + dice.randint(1, 12)
    running = asyncio.create_task(outcome(model.run(rows, journal=directory / "journal", **options)))
    await until(lambda: len(model.calls) >= last or running.done())
    for _ in range(dice.randint(0, 10)):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    model.clock.now += dice.random() * 5


async def finished(model: Model, rows: list[dict[str, Any]], directory: Path) -> CreateReport:
    """Run until nothing but the unfit rows fails.

    The server refuses nobody for the rate any more: a client would have waited, but halving a batch with many bad
    rows takes so many requests that one of them always meets a 429 here.
    """
    dice = random.Random(len(rows))
    model.chance = lambda: dice.choice([fate for fate in FATES if fate != "429"])
    for _ in range(20):
        report: CreateReport = await model.run(rows, journal=directory / "journal", resends=50)
        assert report.unknown == ()
        if not any(fit(failure.row) for failure in report.failed):
            return report
    raise AssertionError("it never ends")


@pytest.mark.parametrize("seed", range(LIVES))
async def test_nobody_is_created_twice_even_if_others_fill_the_lists(seed: int, tmp_path: Path) -> None:
    """With others creating contacts at will rows may end unknown, but none is there twice, or missing and called
    created.
    """
    model, dice = troubled(2000 + seed)
    rows = people(dice.randint(50, 300))

    async def newest(limit: int) -> Any:
        for number in range(dice.choice([0, 0, 3, 80, 600]) if limit == 500 else 0):
            model.add({"firstName": "Other", "lastName": str(number)})
        if limit == 500 and dice.random() < 0.1:
            raise ServerError("HTTP 503.", status=503)
        return await Model.newest(model, limit)

    model.newest = newest  # type: ignore[method-assign]
    for _ in range(3):
        result = await outcome(model.run(rows, journal=tmp_path / "journal", resends=3))
        if isinstance(result, ServerError):
            continue
        report: Any = result.report if isinstance(result, BulkError) else result
        assert balanced(report)
        unknown = {failure.row["email"] for failure in report.unknown}
        failed = {failure.row["email"] for failure in report.failed}
        people_there = {email: count for (_, email), count in whom(model).items() if email}
        assert set(people_there.values()) <= {1}
        if not isinstance(result, BulkError):
            assert set(people_there) >= {row["email"] for row in rows} - unknown - failed
            assert not set(people_there) & failed
