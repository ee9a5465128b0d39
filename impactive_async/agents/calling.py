"""Calling a tool: its answer, or an error that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mcp.types import CallToolResult, InputRequiredResult, TextContent
from pydantic import ValidationError

from impactive_async import ImpactiveError
from impactive_async.agents.answering.refusals import ToolRefused, explain
from impactive_async.agents.text.fence import NOTE, OPEN, fence, shortened
from impactive_async.agents.text.tokens import compact, count_tokens
from impactive_async.agents.tools.tool import ToolCall, ToolSpec
from impactive_async.agents.tools.writing.flow import done_before

_log = logging.getLogger("impactive_async.agents")


async def called(tools: Mapping[str, ToolSpec], call: ToolCall) -> CallToolResult | InputRequiredResult:
    """Call a tool. Whatever goes wrong is a result that says what to do."""
    tool = tools.get(call.params.name)
    if tool is None:
        said = f"There is no tool {fence(call.params.name, 60)}. There are: {', '.join(tools)}."
        return refused(said, call.service.settings.max_tokens)
    try:
        arguments = tool.arguments.model_validate(call.params.arguments or {})
        answer = await done_before(call, arguments) or await tool.body(call, arguments)
    except Exception as error:
        return refused(_reason(tool, error), call.service.settings.max_tokens)
    return answer if isinstance(answer, InputRequiredResult) else _answered(answer)


def _reason(tool: ToolSpec, error: Exception) -> str:
    """Return why a tool did not do what it was called for, and what to do."""
    match error:
        case ValidationError():
            return _wrong_arguments(tool, error)
        case ToolRefused():
            return str(error)
        case ImpactiveError():
            return explain(error)
        case OSError():
            return f"This server cannot use its folder (--state): {error.strerror}. Tell the user."
    # The text of an unforeseen error may hold anything, so it is neither told nor logged.
    _log.error("%s failed: %s in %s", tool.name, type(error).__name__, _place(error))
    return f"{tool.name} failed for a reason that is a bug of this server. Tell the user."


def _answered(answer: Mapping[str, Any]) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=compact(answer))], structured_content=dict(answer)
    )


def refused(text: str, most: int) -> CallToolResult:
    """Return the result of a tool that did not do what it was called for, in at most so many tokens."""
    noted = f"{text} {NOTE}" if OPEN in text else text
    while count_tokens(noted) > most:
        text = shortened(text, len(text) * 3 // 4)
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


def text_of_result(result: CallToolResult | InputRequiredResult) -> str:
    """Return what a model reads of a result."""
    if isinstance(result, InputRequiredResult):
        return "It needs the consent of the user."
    return "".join(part.text for part in result.content if isinstance(part, TextContent))
