"""The second act balances its books, and would say so if it did not."""

from __future__ import annotations

import pytest
from aiohttp import web

from impactive_async.cli.demo.operations import FlakyReceiver, OperationsBooks, run_operations
from impactive_async.webhooks import verify
from tests.cli.support import invoke


async def act(told: list[str], patience: float = 120.0) -> OperationsBooks:
    async def leave() -> None:
        pass

    return await run_operations(seed="demo", tell=told.append, stay=leave, seconds=1.0, patience=patience)


async def test_everything_arrives_although_a_third_is_refused() -> None:
    """Each row of the sandbox, once; the page is named, and so is what came of it."""
    told: list[str] = []
    books = await act(told)
    assert books.balanced
    assert sum(total.emitted for total in books.totals) > 5
    assert books.refused > 0
    assert told[0].startswith("The page: http://127.0.0.1:")
    assert "0 missing, 0 duplicated, 0 given up" in told[-1]


async def test_a_lost_row_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that accepts what it loses makes the books fail."""

    async def lose(self: FlakyReceiver, request: web.Request) -> web.Response:
        event = verify(await request.read(), request.headers, self.secret)
        if not event.subject.startswith("deals/"):
            self.rows.add(event.subject)
        return web.Response(status=204)

    monkeypatch.setattr(FlakyReceiver, "answer", lose)
    books = await act([], patience=0.0)
    assert not books.balanced
    assert {total.kind: total.missing == total.emitted for total in books.totals}["deals"]


def test_people_are_for_the_first_act() -> None:
    """A file would be of no use."""
    outcome = invoke("demo", "--ops", "people.csv")
    assert outcome.code == 2
    assert "a file of people is for the first act" in outcome.err
