"""All tools, and those that a server offers."""

from __future__ import annotations

from typing import Final

from impactive_async.agents.service import AgentService
from impactive_async.agents.tools import changes, clock, people, pipeline, records, rehearsing, sequences
from impactive_async.agents.tools.tool import ToolSpec
from impactive_async.agents.tools.writing import building, contacts, enrolling, meetings

TOOLS: Final[tuple[ToolSpec, ...]] = (
    *people.TOOLS,
    *records.TOOLS,
    *sequences.TOOLS,
    *pipeline.TOOLS,
    *changes.TOOLS,
    *rehearsing.TOOLS,
    *contacts.TOOLS,
    *building.TOOLS,
    *enrolling.TOOLS,
    *meetings.TOOLS,
    *clock.TOOLS,
)


def offered(service: AgentService) -> dict[str, ToolSpec]:
    """Return the tools of a server by name: those that write only where that is allowed."""
    return {tool.name: tool for tool in TOOLS if _is_offered(tool, service)}


def _is_offered(tool: ToolSpec, service: AgentService) -> bool:
    if tool.sandbox_only:
        return service.sandbox is not None
    if tool.name == changes.NAME:
        return service.changes is not None
    return service.settings.allow_writes or not tool.writes
