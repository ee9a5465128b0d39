"""The server: it lists the tools, calls one, and answers with what came of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import ValidationError

from impactive_async import ImpactiveError, __version__
from impactive_async.agents.answering.refusals import ToolRefused, explain
from impactive_async.agents.service import AgentService
from impactive_async.agents.text.fence import NOTE, OPEN, fence
from impactive_async.agents.text.tokens import compact
from impactive_async.agents.tools.registry import offered
from impactive_async.agents.tools.tool import ToolCall, ToolSpec

NAME: Final = "impactive"
_INSTRUCTIONS: Final = (
    "A CRM: contacts, companies, deals, email sequences and what people write back. Answers are pages: `truncated`"
    " says whether there is more, `cursor` goes on, `fields` and `view` choose what is shown. " + NOTE
)
_log = logging.getLogger("impactive_async.agents")


def build_server(service: AgentService) -> Server[Any]:
    """Return the MCP server of a workspace, to be run over any transport of the SDK."""
    tools = offered(service)

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
        get_tool_input_schema=lambda name: tools[name].arguments.model_json_schema() if name in tools else None,
    )
    # What a client sends back with its user's answer is sealed, so that it can only answer what was asked.
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


def _declared(tool: ToolSpec) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=dict(tool.output),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.writes,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=True,
        ),
    )


async def called(tools: Mapping[str, ToolSpec], call: ToolCall) -> CallToolResult | InputRequiredResult:
    """Call a tool. Whatever goes wrong is a result that says what to do."""
    tool = tools.get(call.params.name)
    if tool is None:
        return refused(f"There is no tool {fence(call.params.name, 60)}. There are: {', '.join(tools)}.")
    try:
        arguments = tool.arguments.model_validate(call.params.arguments or {})
        answer = await tool.body(call, arguments)
    except ValidationError as error:
        return refused(_wrong_arguments(tool, error))
    except ToolRefused as refusal:
        return refused(str(refusal))
    except ImpactiveError as error:
        return refused(explain(error))
    except Exception as error:
        # The text of an unforeseen error may hold anything, so it is neither told nor logged.
        _log.error("%s failed: %s in %s", tool.name, type(error).__name__, _place(error))
        return refused(f"{tool.name} failed for a reason that is a bug of this server. Tell the user.")
    return answer if isinstance(answer, InputRequiredResult) else _answered(answer)


def _answered(answer: Mapping[str, Any]) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=compact(answer))], structured_content=dict(answer)
    )


def refused(text: str) -> CallToolResult:
    """Return the result of a tool that did not do what it was called for."""
    noted = f"{text} {NOTE}" if OPEN in text else text
    return CallToolResult(content=[TextContent(type="text", text=noted)], is_error=True)


def _wrong_arguments(tool: ToolSpec, error: ValidationError) -> str:
    wrong = [f"{'.'.join(map(str, one['loc'])) or tool.name}: {one['msg']}" for one in error.errors()[:5]]
    known = ", ".join(tool.arguments.model_fields)
    return f"Wrong arguments of {tool.name}. {fence('; '.join(wrong), 500)} It takes: {known}."


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
