"""The server: which tools, resources and prompts it has, and who answers for them."""

from __future__ import annotations

from typing import Any, Final

from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
    ToolAnnotations,
)

from impactive_async import __version__
from impactive_async.agents.calling import called
from impactive_async.agents.notices import Notices
from impactive_async.agents.prompts import get_prompt, list_prompts
from impactive_async.agents.resources import ResourceHandlers
from impactive_async.agents.service import AgentService
from impactive_async.agents.text.fence import NOTE
from impactive_async.agents.tools.registry import offered
from impactive_async.agents.tools.tool import ToolCall, ToolSpec

NAME: Final = "impactive"
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
    # What a client sends back with its user's answer is sealed, so that it can only answer what was asked.
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


def _notices(service: AgentService) -> Notices | None:
    if service.changes is None:
        return None
    notices = Notices(service.changes, service.settings.interval)
    service.closing.append(notices.aclose)
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
        description=tool.description,
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
