"""The deals of a workspace by stage, with a sum for each currency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Final

import attrs

from impactive_async import AsyncClient, RowList
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Deal, Gap
from impactive_async.reports.words import moment

_DIGITS: Final = 200
"""Of a sum. The usual context of decimals would round after 28 of them."""


@attrs.frozen(kw_only=True)
class StageTotal:
    """The deals of one stage in one currency.

    Attributes:
        stage: The name of the stage, or its id if it has no name; `None`: deals without a stage.
        currency: As EUR; `None`: deals that do not tell their currency.
        deals: How many.
        value: Their sum. It is exact.
        without_value: How many of them have no value.
    """

    stage: str | None
    currency: str | None
    deals: int
    value: Decimal
    without_value: int


@attrs.frozen(kw_only=True)
class CurrencyTotal:
    """All deals in one currency. The attributes are those of `StageTotal`."""

    currency: str | None
    deals: int
    value: Decimal
    without_value: int


@attrs.frozen(kw_only=True)
class PipelineReport:
    """The deals of a workspace by stage.

    Attributes:
        at: When the report was made.
        deals: How many deals were reached.
        stages: By stage and currency: the stages in the order that was asked for, and then by name.
        totals: By currency, with the deals that tell none at the end.
        missing: What the figures leave out because the API does not show it, in sentences.
    """

    at: datetime
    deals: int
    stages: tuple[StageTotal, ...]
    totals: tuple[CurrencyTotal, ...]
    missing: tuple[str, ...]

    def stages_in(self, currency: str | None) -> tuple[StageTotal, ...]:
        """Return the stages that have deals in a currency, and those that were asked for and have none at all."""
        return tuple(one for one in self.stages if one.currency == currency or not one.deals)


async def pipeline_report(crm: AsyncClient, *, stages: Sequence[str] = ()) -> PipelineReport:
    """Report on the deals that can be reached, by `crm.zapier.deals.list_all()`.

    Args:
        crm: The client.
        stages: Names of stages in the pipeline's order, which the API does not tell. They are listed first, also
            those without deals.

    Raises:
        InvalidArgumentError: `stages` is one text.
        APIError: A request failed.
    """
    if isinstance(stages, str):
        raise InvalidArgumentError(f"stages is a list of names, not {stages!r}")
    return pipeline_of(await crm.zapier.deals.list_all(), stages=stages, at=datetime.now(UTC))


def pipeline_of(deals: Sequence[Deal], *, stages: Sequence[str], at: datetime) -> PipelineReport:
    """Return the report that these deals make. They may be a `RowList`, which knows whether it is cut."""
    return PipelineReport(
        at=at,
        deals=len(deals),
        stages=tuple(_stages(deals, stages)),
        totals=tuple(
            CurrencyTotal(currency=currency, deals=len(some), value=_sum(some), without_value=_without_value(some))
            for currency, some in _by_currency(deals)
        ),
        missing=tuple(_missing(deals)),
    )


def _stages(deals: Sequence[Deal], wanted: Sequence[str]) -> Iterator[StageTotal]:
    for stage in _in_order({_stage(deal) for deal in deals}, wanted):
        here = [deal for deal in deals if _stage(deal) == stage]
        for currency, some in _by_currency(here) or [(None, [])]:
            yield StageTotal(
                stage=stage,
                currency=currency,
                deals=len(some),
                value=_sum(some),
                without_value=_without_value(some),
            )


def _in_order(found: set[str | None], wanted: Sequence[str]) -> list[str | None]:
    named = sorted(stage for stage in found if stage is not None)
    return list(dict.fromkeys([*wanted, *named, *([None] if None in found else [])]))


def _by_currency(deals: Iterable[Deal]) -> list[tuple[str | None, list[Deal]]]:
    found: dict[str | None, list[Deal]] = {}
    for deal in deals:
        found.setdefault(_currency(deal), []).append(deal)
    return sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _stage(deal: Deal) -> str | None:
    return deal.stage_name or deal.stage_id or None


def _currency(deal: Deal) -> str | None:
    """Return the currency in one way of writing: `eur` and `EUR` are one."""
    return (deal.currency or "").strip().upper() or None


def _sum(deals: Iterable[Deal]) -> Decimal:
    with localcontext(prec=_DIGITS):
        return sum((deal.value for deal in deals if deal.value is not None), Decimal())


def _without_value(deals: Iterable[Deal]) -> int:
    return sum(deal.value is None for deal in deals)


def _missing(deals: Sequence[Deal]) -> Iterator[str]:
    if isinstance(deals, RowList) and deals.truncated:
        when = "" if deals.gap is None else _when(deals.gap)
        yield (f"{len(deals):,} deals are all that the API shows. Others{when} may be missing from every figure.")


def _when(gap: Gap) -> str:
    since = None if gap.after is None else moment(gap.after)
    until = None if gap.before is None else moment(gap.before)
    if since and until:
        return f", last changed from {since} to {until},"
    return f", last changed {f'from {since} on' if since else f'up to {until}'}," if since or until else ""
