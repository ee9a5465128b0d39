"""Each verdict can change: a service that differs in one thing is told to differ in that thing."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.cli.doctor.examination import Verdict
from tests.cli.doctor.workspaces import examined, seen, workspace

DIFFERENCES: dict[str, tuple[dict[str, Any], str, Verdict]] = {
    "list": ({"list": {"data": "$rows"}}, "zapier.deals: envelope", Verdict.HANDLED),
    "unreadable list": ({"list": {"a": "$rows", "b": "$rows"}}, "zapier.deals: envelope", Verdict.BREAKS),
    "row": ({"row": {"data": "$row"}}, "auth test", Verdict.HANDLED),
    "order": ({"order": "oldest"}, "zapier.deals: order", Verdict.BREAKS),
    "times": ({"time_style": "epoch"}, "zapier.deals: times", Verdict.HANDLED),
    "fields missing": ({"missing": ["value"]}, "zapier.deals: fields", Verdict.HANDLED),
    "ids missing": ({"missing": ["id"]}, "zapier.deals: fields", Verdict.BREAKS),
    "fields undocumented": ({"extra": {"score": 7}}, "zapier.deals: fields", Verdict.HANDLED),
    "money": ({"money": "text"}, "zapier.deals: money", Verdict.HANDLED),
    "counts": ({"counts": "text"}, "sequences: counts", Verdict.HANDLED),
    "addresses": ({"addresses": "json_text"}, "sequences.sends: addresses", Verdict.HANDLED),
    "operator": ({"since_operator": ">="}, "zapier.deals: since", Verdict.HANDLED),
    "since in a zone": ({"since_zone": "Asia/Tokyo"}, "zapier.deals: since", Verdict.HANDLED),
    "no date": ({"date": False}, "Date", Verdict.HANDLED),
    "date ahead": ({"date_ahead": -200_000}, "Date: rows", Verdict.HANDLED),
    "cache": ({"headers": {"Age": "40"}}, "caching", Verdict.BREAKS),
    "verb": ({"update_verb": "PUT"}, "contacts.update: verb", Verdict.HANDLED),
    "limit": ({"limit_over": "cut"}, "limit=501", Verdict.HANDLED),
}


@pytest.mark.parametrize(("settings", "check", "verdict"), DIFFERENCES.values(), ids=DIFFERENCES)
async def test_a_difference_is_told(settings: dict[str, Any], check: str, verdict: Verdict) -> None:
    """As handled or as breaking; and of the contract the same check says that all is as assumed."""
    document = {"profile": 1, "options": {"status": 200}, "operations": {"*": settings}}
    async with workspace(profile=document) as sandbox:
        examination = await examined(sandbox)
    assert seen(examination, check)[1] is verdict
    assert [found for found in examination.findings if found.verdict is Verdict.BREAKS and not found.advice] == []


async def test_what_breaks_by_its_refusals_comes_with_advice() -> None:
    """A service that fails where it should refuse is told so, and what to do."""
    errors = {kind: {"status": 500} for kind in ("invalid", "not_found", "no_route")}
    async with workspace(profile={"profile": 1, "errors": errors}) as sandbox:
        broken = {
            one.check: one.advice for one in (await examined(sandbox)).findings if one.verdict is Verdict.BREAKS
        }
    assert {"unknown id", "unknown path", "unreadable since"} <= set(broken)
    assert all(broken.values()), broken


async def test_the_contract_is_as_assumed() -> None:
    """In every check that the table above has."""
    async with workspace(profile={"profile": 1, "options": {"status": 200}}) as sandbox:
        examination = await examined(sandbox)
    verdicts = {check: seen(examination, check)[1] for _, check, _ in DIFFERENCES.values()}
    assert {check: verdict for check, verdict in verdicts.items() if verdict is not Verdict.AS_ASSUMED} == {}
