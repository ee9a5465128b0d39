"""The rows of an import, in the order of its journal: people, and places where nobody is created."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from impactive_async.bulk.drafts import LeftOut
from impactive_async.cli.importing.people.person import BadLine
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.models import ContactDraft

_GONE = LeftOut(outcome="deleted", reason="its line was deleted from the file")


class ImportStopped(Exception):  # noqa: N818 - no error: Ctrl-C
    """The user wants no more rows to be sent."""


class ImportRows:
    """The rows of a plan, until they are to stop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.stopped = False

    def stop(self) -> None:
        """Yield no more."""
        self.stopped = True

    def __len__(self) -> int:
        return self._plan.rows

    def __iter__(self) -> Iterator[ContactDraft | LeftOut]:
        for row in self._rows():
            if self.stopped:
                raise ImportStopped
            yield row

    def _rows(self) -> Iterator[ContactDraft | LeftOut]:
        plan, index = self._plan, 0
        for record, person in plan.persons():
            place = plan.places[record]
            if place < 0:  # a bad line, which version 0.1 did not count
                continue
            yield from repeat(_GONE, place - index)
            index = place + 1
            if plan.fates[record] == Fate.CREATED and not isinstance(person, BadLine):
                yield plan.draft_of(person)
            else:
                yield plan.left_out(record, person)
        yield from repeat(_GONE, len(self) - index)
