"""Times without an offset: doctor finds their zone, and a client with its profile reads them rightly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from impactive_async.cli.doctor.checks.zone import CHECK, REQUESTS
from impactive_async.cli.doctor.examination import Verdict
from impactive_async.cli.doctor.examining import READING
from impactive_async.cli.doctor.profiling import profile_of
from impactive_async.sandbox import Sandbox
from tests.cli.doctor.workspaces import examined, seen, workspace
from tests.support import client_of


def local(zone: str, **settings: Any) -> dict[str, Any]:
    return {"profile": 1, "operations": {"*": {"time_offset": False, "time_zone": zone, **settings}}}


@pytest.mark.parametrize("operator", [">", ">="])
@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ("America/New_York", "-04:00"),
        ("Asia/Kolkata", "+05:30"),
        ("+14:00", "+14:00"),
        ("-12:00", "-12:00"),
        ("+00:15", "+00:15"),
    ],
)
async def test_the_zone_is_found(zone: str, found: str, operator: str) -> None:
    """By asking with `since`; what else is asked of such a list has the same result as of one in UTC."""
    async with workspace(profile=local(zone, since_operator=operator)) as sandbox:
        examination = await examined(sandbox)
        assert len(examination.prober.exchanges) <= READING
        assert seen(examination, CHECK) == (found, Verdict.HANDLED)
        assert seen(examination, "zapier.deals: since")[0] == operator
        assert seen(examination, "zapier.deals: since with an offset")[0] == "respected"
        assert seen(examination, "Date: rows")[0] == "not before the newest row"
        profile = profile_of(examination)
        assert profile.settings("sequences.sends")["time_zone"] == found
        async with client_of(sandbox, profile=profile) as crm:
            newest = sandbox.state.add("deals", {"name": "Engine"})
            (row,) = (await crm.zapier.deals.watch(since=sandbox.clock.now() - timedelta(seconds=1)).poll()).rows
            assert (row.id, row.updated_at) == (newest.id, newest.updated_at)


async def test_local_times_of_utc_are_as_assumed() -> None:
    """Also where `since` is read in the same zone: nobody who only reads can tell."""
    for settings in ({}, {"since_zone": "America/New_York", "time_zone": "America/New_York"}):
        async with workspace(
            profile={"profile": 1, "operations": {"*": {"time_offset": False, **settings}}}
        ) as sandbox:
            said, verdict = seen(await examined(sandbox), CHECK)
            assert (said, verdict) == ("UTC, or since is read in the same zone", Verdict.AS_ASSUMED)


@pytest.mark.parametrize(("zone", "found"), [("America/New_York", "-04:00"), ("+05:45", "+05:45")])
async def test_a_created_row_tells_the_zone_that_since_is_read_in_too(zone: str, found: str) -> None:
    """With `--writes` that is learnt, and a client with the profile asks and reads in it."""
    async with workspace(profile=local(zone, since_zone=zone)) as sandbox:
        examination = await examined(sandbox, write=True)
        assert seen(examination, CHECK)[1] is Verdict.AS_ASSUMED
        assert seen(examination, f"{CHECK}: a created row") == (found, Verdict.HANDLED)
        profile = profile_of(examination)
        known = profile.settings("zapier.deals.list")
        assert (known["time_zone"], known["since_zone"]) == (found, found)
        async with client_of(sandbox, profile=profile) as crm:
            newest = sandbox.state.add("deals", {"name": "Engine"})
            (row,) = (await crm.zapier.deals.watch(since=sandbox.clock.now() - timedelta(seconds=1)).poll()).rows
            assert (row.id, row.updated_at) == (newest.id, newest.updated_at)


@pytest.mark.parametrize("zone", ["America/New_York", "UTC"])
async def test_a_created_row_is_no_news_where_the_zone_is_known(zone: str) -> None:
    """By `since`, or because there is none."""
    async with workspace(profile=local(zone)) as sandbox:
        examination = await examined(sandbox, write=True)
        assert f"{CHECK}: a created row" not in {finding.check for finding in examination.findings}


async def test_the_zone_is_found_in_an_empty_workspace() -> None:
    """No list has a row to ask around, and one is created."""
    async with Sandbox(populate=False, profile=local("+02:00")) as sandbox:
        examination = await examined(sandbox, write=True)
        assert seen(examination, f"{CHECK}: a created row") == ("+02:00", Verdict.HANDLED)
        assert "since_zone" not in profile_of(examination).settings("zapier.deals.list")


async def test_without_local_times_nothing_is_asked() -> None:
    """Of a service that prints offsets."""
    async with workspace() as sandbox:
        examination = await examined(sandbox)
        assert CHECK not in {finding.check for finding in examination.findings}
        assert len(examination.prober.exchanges) <= READING - REQUESTS
