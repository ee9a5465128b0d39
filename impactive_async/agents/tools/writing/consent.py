"""Asking the user before a write, in either era of the protocol, and refusing where nobody can be asked."""

from __future__ import annotations

from typing import Any, Final

from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp.types.version import is_version_at_least
from pydantic import ValidationError

from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.tools.tool import ToolCall
from impactive_async.agents.tools.writing.plans import WritePlan

_KEY: Final = "consent"
_ANSWERS_LATER: Final = "2026-07-28"
"""From this version on, a question is the result of a call, and the call is made again with the answer."""
_NO_FIELDS: Final[dict[str, Any]] = {"type": "object", "properties": {}}
_NOBODY: Final = (
    "Nothing was done: this needs the consent of the user, and this client cannot ask. Tell the user what you want"
    " to do; it can be done in the CRM, or by a server that was started with --yes. It was: "
)
_NO_ANSWER: Final = (
    "Nothing was done: this needs the consent of the user, and the client did not bring an answer that can be"
    " read. Tell the user. It was: "
)


async def consent(call: ToolCall, plan: WritePlan) -> InputRequiredResult | None:
    """Ask the user whether to carry out a plan. `None`: yes.

    Raises:
        ToolRefused: The user says no, or cannot be asked.
    """
    if not _can_ask(call):
        if call.service.settings.assume_yes:
            return None
        raise ToolRefused(_NOBODY + plan.question)
    if is_of_older_era(call):
        _heed(await _asked(call, plan.question))
        return None
    answered = (call.params.input_responses or {}).get(_KEY)
    # The state is sealed by the server: it says which question this is the answer to.
    if not isinstance(answered, ElicitResult) or call.params.request_state != plan.digest:
        form = ElicitRequestFormParams(message=plan.question, requested_schema=_NO_FIELDS)
        return InputRequiredResult(input_requests={_KEY: ElicitRequest(params=form)}, request_state=plan.digest)
    _heed(answered)
    return None


def is_of_older_era(call: ToolCall) -> bool:
    """Whether the client has a session, in which the server may ask and tell by itself."""
    return not is_version_at_least(call.context.protocol_version, _ANSWERS_LATER)


async def _asked(call: ToolCall, question: str) -> ElicitResult:
    try:
        return await call.context.session.elicit_form(
            question, _NO_FIELDS, related_request_id=call.context.request_id
        )
    except (MCPError, ValidationError) as error:
        raise ToolRefused(_NO_ANSWER + question) from error


def _can_ask(call: ToolCall) -> bool:
    capabilities = call.context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _heed(answer: ElicitResult) -> None:
    if answer.action == "accept":
        return
    said = "said no" if answer.action == "decline" else "closed the question without an answer"
    raise ToolRefused(f"Nothing was done: the user {said}. Do not ask again unless the user wants it.")
