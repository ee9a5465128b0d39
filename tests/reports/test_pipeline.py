"""The deals by stage: sums that are exact, by currency, and of what could be reached."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from impactive_async import AsyncClient, Gap, RowList
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Deal
from impactive_async.reports import CurrencyTotal, PipelineReport, pipeline_report
from impactive_async.reports.pipeline import pipeline_of
from impactive_async.sandbox import Sandbox
from tests.reports.made import START, at, deal

DEALS = [
    deal("Won", "0.1", "EUR"),
    deal("Won", "0.2", " eur "),
    deal("Won", "5", "USD"),
    deal("Lead", None, "EUR"),
    deal("Lead", "7", None),
    deal(None, None, None),
]


def stages(report: PipelineReport) -> list[tuple[str | None, str | None, int, Decimal, int]]:
    return [(one.stage, one.currency, one.deals, one.value, one.without_value) for one in report.stages]


def test_no_two_currencies_are_added() -> None:
    """Each has its sum, however it is written; deals that tell none are apart."""
    report = pipeline_of(DEALS, stages=(), at=START)
    assert stages(report) == [
        ("Lead", "EUR", 1, Decimal(0), 1),
        ("Lead", None, 1, Decimal(7), 0),
        ("Won", "EUR", 2, Decimal("0.3"), 0),
        ("Won", "USD", 1, Decimal(5), 0),
        (None, None, 1, Decimal(0), 1),
    ]
    assert report.totals == (
        CurrencyTotal(currency="EUR", deals=3, value=Decimal("0.3"), without_value=1),
        CurrencyTotal(currency="USD", deals=1, value=Decimal(5), without_value=0),
        CurrencyTotal(currency=None, deals=2, value=Decimal(7), without_value=1),
    )
    assert report.missing == ()


def test_sums_are_exact() -> None:
    """Also with more digits than Python's decimals keep by themselves."""
    large = [deal("Won", f"{10**30}", "EUR"), deal("Won", "0.01", "EUR")]
    assert pipeline_of(large, stages=(), at=START).totals[0].value == Decimal(f"{10**30}.01")


def test_stages_stand_in_the_order_that_is_asked_for() -> None:
    """Also those without deals, which belong to every currency; the others follow by name."""
    report = pipeline_of([*DEALS, deal("Draft", "1", "USD")], stages=["Won", "Nowhere"], at=START)
    assert list(dict.fromkeys(one.stage for one in report.stages)) == ["Won", "Nowhere", "Draft", "Lead", None]
    assert [one.stage for one in report.stages_in("USD")] == ["Won", "Nowhere", "Draft"]


def test_no_deals() -> None:
    """Nothing is no error."""
    report = pipeline_of([], stages=(), at=START)
    assert (report.deals, report.stages, report.totals, report.missing) == (0, (), (), ())


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (None, "Others may"),
        (Gap("f", "history", None, at(1)), "Others, last changed up to 2026-05-01 10:00 UTC, may"),
        (Gap("f", "overflow", at(0), None), "Others, last changed from 2026-05-01 09:00 UTC on, may"),
        (
            Gap("f", "history", at(0), at(1)),
            "Others, last changed from 2026-05-01 09:00 UTC to 2026-05-01 10:00 UTC, may",
        ),
    ],
)
def test_what_could_not_be_reached_is_told(gap: Gap | None, said: str) -> None:
    """With the time in which those deals changed, as far as it is known."""
    rows: RowList[Deal] = RowList([deal("Won", "1", "EUR")], truncated=True, gap=gap)
    (missing,) = pipeline_of(rows, stages=(), at=START).missing
    assert missing == f"1 deals are all that the API shows. {said} be missing from every figure."


@pytest.mark.impactive(populate="large")
async def test_a_report_on_a_workspace(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A workspace with more deals than can be reached: it says how many it counts, and which are missing."""
    with caplog.at_level(logging.CRITICAL):
        report = await pipeline_report(impactive_client, stages=["Lead"])
    assert len(impactive_sandbox.state.rows("deals")) > report.deals == 100
    assert report.stages[0].stage == "Lead"
    assert "100 deals are all that the API shows" in report.missing[0]


async def test_one_text_is_no_list_of_stages(impactive_client: AsyncClient) -> None:
    """Its letters would be stages."""
    with pytest.raises(InvalidArgumentError, match="'Lead'"):
        await pipeline_report(impactive_client, stages="Lead")
