"""What became of rows, counted and kept."""

from __future__ import annotations

import pytest

from impactive_async.bulk.outcomes import RowOutcomes, in_order
from impactive_async.bulk.report import Outcome, RowFailure, results_of


def failure(index: int) -> RowFailure:
    return RowFailure(index=index, row={}, reason="no")


@pytest.mark.parametrize("keep", [False, True])
def test_every_row_counts_once(keep: bool) -> None:
    """Whether or not results are kept, the number of rows is the sum over all outcomes."""
    outcomes = RowOutcomes(keep)
    outcomes.add(0, ("a", "b", None), (Outcome.CREATED, Outcome.CREATED, Outcome.UNKNOWN))
    outcomes.fail(failure(3))
    assert (outcomes.rows, outcomes.counts[Outcome.CREATED], len(outcomes.failed)) == (4, 2, 1)
    assert (outcomes.kept() is not None) is keep


def test_results_are_in_input_order_however_batches_end() -> None:
    """Rows that were added later may stand earlier in the input."""
    outcomes = RowOutcomes(keep_results=True)
    outcomes.fail(failure(4), "e")
    outcomes.add(2, ("c", "d"), (Outcome.ENROLLED, Outcome.DUPLICATE))
    outcomes.add(0, ("a", "b"), (Outcome.ENROLLED, Outcome.ENROLLED))
    results = results_of(outcomes.kept() or ())
    assert [(result.index, result.contact_id) for result in results] == list(enumerate("abcde"))
    assert results[4].outcome == Outcome.FAILED


def test_failures_are_in_input_order() -> None:
    """Whichever failed first."""
    assert [one.index for one in in_order([failure(7), failure(1), failure(3)])] == [1, 3, 7]
