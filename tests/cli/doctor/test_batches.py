"""What doctor finds out by writing: how late rows are shown, and how large a request may be."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.examining import READING, WRITING
from impactive_async.cli.doctor.profiling import profile_of
from tests.cli.doctor.workspaces import examined, seen, workspace

LAG = "zapier.contacts: lag"
ENROLL = "sequences.enroll: largest"


async def written(**settings: Any) -> Examination:
    """An examination with writes, of a service with these settings of all operations."""
    async with workspace(profile={"profile": 1, "operations": {"*": settings}}) as sandbox:
        examination = await examined(sandbox, write=True)
        assert len(examination.prober.exchanges) <= READING + WRITING
        assert {one.status for one in sandbox.state.sequences.values() if one.name == "impactive doctor"} == {
            "archived"
        }
        return examination


async def test_a_service_as_assumed() -> None:
    """A new contact is shown at once, five hundred may be enrolled, and nobody is created to find out how many."""
    examination = await written()
    assert seen(examination, LAG) == ("shown at once", Verdict.AS_ASSUMED)
    assert seen(examination, ENROLL) == ("at least 500", Verdict.AS_ASSUMED)
    assert seen(examination, "contacts.create_batch")[1] is Verdict.AS_ASSUMED
    assert seen(examination, "contacts.create_batch: largest") == ("not asked", Verdict.NOT_SEEN)
    assert profile_of(examination).settings("zapier.contacts.list")["lag"] == 0


async def test_rows_that_are_shown_late_are_told() -> None:
    """The sandbox's clock stands still, so that its late rows never come."""
    assert seen(await written(lag=30), LAG) == ("not shown in 5 looks", Verdict.HANDLED)


@pytest.mark.parametrize(("largest", "found"), [(120, 100), (60, 50), (30, 25), (9, 1)])
async def test_the_largest_batch_is_found(largest: int, found: int) -> None:
    """Of the sizes that are tried, the largest that is accepted; a profile keeps it for `enroll_many`."""
    examination = await written(largest_batch=largest)
    verdict = Verdict.AS_ASSUMED if found >= 100 else Verdict.HANDLED
    assert seen(examination, ENROLL) == (f"at least {found}", verdict)
    assert profile_of(examination).settings("sequences.enroll")["largest_batch"] == found


async def test_the_answer_to_a_batch_is_looked_at() -> None:
    """Its envelope goes into the profile; a service that takes one contact at a time breaks."""
    examination = await written(batch={"success": True, "data": "$rows"})
    assert profile_of(examination).settings("contacts.create_batch")["batch"] == {"success": True, "data": "$rows"}
    assert seen(await written(largest_batch=1), "contacts.create_batch")[1] is Verdict.BREAKS
