"""The laws have teeth: without any one precaution, some life of an import breaks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from impactive_async.bulk.create import call as importing
from impactive_async.bulk.create.gate import SendingGate
from impactive_async.bulk.create.known import KnownContacts
from impactive_async.bulk.create.searching import Searcher
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.reconcile import search
from impactive_async.bulk.reconcile.evidence import Baseline, Evidence, evidence_of
from impactive_async.bulk.reconcile.pairing import ListedContact
from tests.bulk.create import test_laws as laws
from tests.bulk.create.test_create_many import (
    test_a_batch_that_takes_long_is_found_among_those_sent_after_it as is_found,
)
from tests.bulk.create.test_create_many import (
    test_batches_that_would_not_fit_the_list_together_wait_for_each_other as fits_the_list,
)
from tests.bulk.create.test_searching import (
    test_a_list_that_shows_fewer_than_it_should_still_reaches_what_is_lost as still_reach,
)
from tests.bulk.create.test_searching import (
    test_the_contact_of_a_row_under_way_is_not_taken_for_its_lost_twin as are_told_apart,
)
from tests.bulk.model import Model

Law = Callable[[int, Path], Awaitable[None]]


async def without_a_journal(seed: int, _: Path) -> None:
    await laws.test_every_fit_row_is_created_exactly_once_without_a_journal(seed)


interrupted = laws.test_every_fit_row_is_created_exactly_once_however_often_it_is_interrupted
crowded = laws.test_nobody_is_created_twice_even_if_others_fill_the_lists


async def batches_of_a_hundred(_: int, __: Path) -> None:
    await fits_the_list()


async def one_that_takes_long(_: int, __: Path) -> None:
    await is_found()


async def twins(_: int, __: Path) -> None:
    await are_told_apart("lost")


async def short_lists(_: int, __: Path) -> None:
    await still_reach()


def believe_any_list(patch: pytest.MonkeyPatch) -> None:
    def find_rashly(
        baseline: Baseline,
        newest: Sequence[ListedContact],
        changed: Sequence[ListedContact] | None,
        claimed: Any = frozenset(),
    ) -> Evidence:
        return attrs.evolve(evidence_of(baseline, newest, changed, claimed), complete=True)

    patch.setattr(search, "evidence_of", find_rashly)


def take_anybody(patch: pytest.MonkeyPatch) -> None:
    def find_rashly(
        baseline: Baseline,
        newest: Sequence[ListedContact],
        changed: Sequence[ListedContact] | None,
        claimed: Any = frozenset(),
    ) -> Evidence:
        everybody = frozenset(contact.id for contact in (*newest, *(changed or ())))
        return attrs.evolve(evidence_of(baseline, newest, changed, claimed), candidates=everybody)

    patch.setattr(search, "evidence_of", find_rashly)


def believe_at_once(patch: pytest.MonkeyPatch) -> None:
    run = Model.run

    async def run_hastily(self: Model, rows: Any, **options: Any) -> Any:
        return await run(self, rows, **{**options, "settle": 0.0})

    patch.setattr(Model, "run", run_hastily)


def forget_whose_they_are(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(KnownContacts, "claimed", lambda _: frozenset())


def forget_whose_they_were(patch: pytest.MonkeyPatch) -> None:
    async def nobody(_: Journal) -> frozenset[str]:
        return frozenset()

    patch.setattr(Journal, "claimed", nobody)


def record_no_intent(patch: pytest.MonkeyPatch) -> None:
    async def begin(_: Journal, __: ContactBatch) -> None:
        pass

    patch.setattr(Journal, "begin", begin)


def forget_who_is_under_way(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Searcher, "sent", lambda *_: None)


def leave_the_gate_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SendingGate, "close", lambda _: None)


def send_without_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(importing, "WINDOW", 10**6)


@pytest.mark.parametrize(
    ("mutate", "law"),
    [
        (believe_any_list, crowded),
        (take_anybody, interrupted),
        (believe_at_once, without_a_journal),
        (forget_whose_they_are, without_a_journal),
        (forget_whose_they_were, interrupted),
        (record_no_intent, interrupted),
        (forget_who_is_under_way, twins),
        (leave_the_gate_open, short_lists),
        (send_without_end, batches_of_a_hundred),
        (send_without_end, one_that_takes_long),
    ],
    ids=lambda value: value.__name__,
)
async def test_each_precaution_is_needed(
    mutate: Callable[[pytest.MonkeyPatch], None], law: Law, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the law is broken within a few lives; with it, it holds in the tests of the laws."""
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        await live(law, tmp_path)


async def live(law: Law, directory: Path) -> None:
    """Until the law is broken, or all lives are over; those that bite most are the first."""
    for seed in (2, 8, 1, 3, 5, 10, 11, 4, 0, 6, 7, 9):
        (directory / str(seed)).mkdir()
        await law(seed, directory / str(seed))
