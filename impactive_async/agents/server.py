"""The server: which tools, resources and prompts it has, and who answers for them."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    SetLevelRequestParams,
    Tool,
    ToolAnnotations,
)

from impactive_async import __version__
from impactive_async.agents.calling import called
from impactive_async.agents.notices import MOST_SESSIONS, Notices
from impactive_async.agents.prompts import get_prompt, list_prompts
from impactive_async.agents.resources import ResourceHandlers
from impactive_async.agents.service import AgentService
from impactive_async.agents.text.fence import NOTE
from impactive_async.agents.tools.registry import offered
from impactive_async.agents.tools.tool import ToolCall, ToolSpec

NAME: Final = "impactive"
_ANSWERED_WITHIN: Final = 86_400.0
"""Seconds that a user may take to answer a question. The plan is made anew before it is carried out."""
_WITH_NOTICES: Final = ("debug", "info", "notice")
_INSTRUCTIONS: Final = (
    "A CRM: contacts, companies, deals, email sequences and what people write back. Answers are pages: `truncated`"
    " says whether there is more, `cursor` goes on, `fields` and `view` choose what is shown. " + NOTE
)


def build_server(service: AgentService) -> Server[Any]:
    """Return the MCP server of a workspace, to be run over any transport of the SDK."""
    tools = offered(service)
    resources = ResourceHandlers(service, tools, _notices(service))

    async def list_tools(_: ServerRequestContext[Any, Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_declared(tool) for tool in tools.values()])

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        return await called(tools, ToolCall(service, context, params))

    server = Server(
        NAME,
        version=__version__,
        title="ImpactiveAI CRM",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=resources.list_resources,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read,
        on_subscribe_resource=resources.subscribe,
        on_unsubscribe_resource=resources.unsubscribe,
        on_subscriptions_listen=resources.listen,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        get_tool_input_schema=lambda name: tools[name].arguments.model_json_schema() if name in tools else None,
    )
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, partial(_set_level, service))
    # What a client sends back with its user's answer is sealed, so that it can only answer what was asked.
    server.middleware.append(
        RequestStateBoundary(RequestStateSecurity.ephemeral(ttl=_ANSWERED_WITHIN), default_audience=NAME)
    )
    return server


async def _set_level(
    service: AgentService, context: ServerRequestContext[Any, Any], params: SetLevelRequestParams
) -> EmptyResult:
    """Write notices into a client's log, or none if it only wants what is worse."""
    client = context.session.client_params
    service.quiet.pop(id(client), None)
    if params.level not in _WITH_NOTICES:
        service.quiet[id(client)] = client
        while len(service.quiet) > MOST_SESSIONS:
            service.quiet.pop(next(iter(service.quiet)))
    return EmptyResult()


def _notices(service: AgentService) -> Notices:
    notices = Notices(service.changes, service.settings.interval)
    service.closing.append(notices.aclose)
    service.jobs.on_end = notices.job_ended
    return notices


def _untitled(schema: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names: models read it, and they say nothing."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: one for name, one in schema.items() if name != "title" or not isinstance(one, str)}
    return {name: _untitled(one) for name, one in kept.items()}


def _declared(tool: ToolSpec) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.told,
        input_schema=_untitled(tool.arguments.model_json_schema()),
        output_schema=dict(tool.output),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.writes,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=True,
        ),
    )
