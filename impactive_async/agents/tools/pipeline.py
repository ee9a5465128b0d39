"""The pipeline: deals by stage, with sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import attrs
from pydantic import Field

from impactive_async import Deal
from impactive_async.agents.answering.pages import ROWS, Listing
from impactive_async.agents.answering.schemas import NUMBER, TEXT, Schema, page_schema
from impactive_async.agents.text.rows import Lengths, amount_of, text_of
from impactive_async.agents.tools.people import CUT
from impactive_async.agents.tools.tool import ToolArguments, ToolCall, ToolSpec


class ShowPipeline(ToolArguments):
    """Arguments of `pipeline`."""

    cursor: str | None = Field(None, description="From the answer before, to go on.")


@attrs.frozen
class PipelineStage:
    """The deals of one stage."""

    name: str | None
    deals: tuple[Deal, ...]


async def pipeline(call: ToolCall, args: ShowPipeline) -> dict[str, Any]:
    """Show the deals by stage."""
    service = call.service
    if args.cursor:
        return service.pages.go_on("pipeline", args.cursor)
    deals = await service.crm.zapier.deals.list_all()
    listing = Listing(
        tool="pipeline",
        rows=_stages(deals),
        show=_shown,
        key="stages",
        head={"deals": len(deals), "sums": _sums(deals)},
        incomplete=CUT if deals.truncated else "",
    )
    return service.pages.first(listing, ROWS)


def _stages(deals: Iterable[Deal]) -> list[PipelineStage]:
    """Return the stages, the one with most deals first. The API does not tell their order."""
    grouped: defaultdict[str | None, list[Deal]] = defaultdict(list)
    for deal in deals:
        grouped[deal.stage_name].append(deal)
    stages = [PipelineStage(name, tuple(rows)) for name, rows in grouped.items()]
    return sorted(stages, key=lambda stage: len(stage.deals), reverse=True)


def _shown(stage: PipelineStage, lengths: Lengths) -> dict[str, Any]:
    name = "(none)" if stage.name is None else text_of("stage", stage.name, lengths)
    return {"stage": name, "deals": len(stage.deals), "sums": _sums(stage.deals)}


def _sums(deals: Iterable[Deal]) -> list[dict[str, Any]]:
    """Return the sum of each currency; amounts of several currencies are never added."""
    sums: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal.value is not None:
            sums[deal.currency] += deal.value
    ordered = sorted(sums.items(), key=lambda pair: pair[1], reverse=True)[:20]
    return [{"currency": _currency(currency), "sum": amount_of(total)} for currency, total in ordered]


def _currency(currency: str | None) -> str:
    return "(none)" if currency is None else text_of("currency", currency, Lengths(20, 20))


_SUMS: Final[Schema] = {
    "type": "array",
    "items": {"type": "object", "properties": {"currency": TEXT, "sum": {"type": ["number", "string"]}}},
}

TOOLS: Final = (
    ToolSpec(
        name="pipeline",
        title="Pipeline",
        description=(
            "Show the deals by stage: how many, and the sum of their values in each currency. Use it for questions"
            " about the pipeline or forecasts. The deals themselves are listed by list_records(kind='deals')."
        ),
        arguments=ShowPipeline,
        output=page_schema(
            {"type": "object", "properties": {"stage": TEXT, "deals": NUMBER, "sums": _SUMS}},
            "stages",
            deals=NUMBER,
            sums=_SUMS,
        ),
        body=pipeline,
    ),
)
