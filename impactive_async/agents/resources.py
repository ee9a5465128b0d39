"""Resources: what the tools show, under URIs that a client can attach, read again and be told of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import attrs
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    EmptyResult,
    InputRequiredResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    TextResourceContents,
    UnsubscribeRequestParams,
)

from impactive_async.agents.calling import called, text_of_result
from impactive_async.agents.job_files import JOBS_URI
from impactive_async.agents.notices import CHANGES_URI, SCHEME, SEQUENCES_URI, Notices
from impactive_async.agents.service import AgentService
from impactive_async.agents.text.tokens import compact
from impactive_async.agents.tools.tool import ToolCall, ToolSpec

_JSON: Final = "application/json"
_URI: Final = re.compile(rf"{re.escape(SCHEME)}(sequences|people|jobs|changes)(?:/([^/?#]{{1,400}}))?")

RESOURCES: Final = (
    Resource(uri=SEQUENCES_URI, name="sequences", description="All email sequences.", mime_type=_JSON),
    Resource(
        uri=CHANGES_URI,
        name="changes",
        description="Changes whenever anything does. Subscribe to be woken up, then call changes_since.",
        mime_type=_JSON,
    ),
)
TEMPLATES: Final = (
    ResourceTemplate(
        uri_template=f"{SEQUENCES_URI}/{{id}}", name="sequence", description="A sequence: its steps, how it does."
    ),
    ResourceTemplate(
        uri_template=f"{SCHEME}people/{{id}}", name="person", description="A contact: enrollments and replies."
    ),
    ResourceTemplate(
        uri_template=f"{JOBS_URI}/{{id}}",
        name="job",
        description="A job: its state, its result. Changes at its end.",
    ),
)

Context = ServerRequestContext[Any, Any]


@attrs.frozen
class ResourceHandlers:
    """Answers what clients ask about resources.

    Attributes:
        service: The workspace.
        tools: The tools that show it.
        notices: Who is told of changes, and of the end of jobs.
    """

    service: AgentService
    tools: Mapping[str, ToolSpec]
    notices: Notices

    async def list_resources(self, _: Context, __: PaginatedRequestParams | None) -> ListResourcesResult:
        """List the resources that have no id."""
        return ListResourcesResult(resources=list(RESOURCES))

    async def list_templates(self, _: Context, __: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """List the resources that have one."""
        return ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read(self, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Return what a tool would answer.

        Raises:
            MCPError: There is no such resource, or it cannot be read. The message says what to do.
        """
        text = await self._text(context, str(params.uri))
        return ReadResourceResult(contents=[TextResourceContents(uri=str(params.uri), mime_type=_JSON, text=text)])

    async def subscribe(self, context: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell this session of changes, as the older era of the protocol has it."""
        self.notices.subscribe(str(params.uri), context.session)
        return EmptyResult()

    async def unsubscribe(self, context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Stop telling this session."""
        self.notices.unsubscribe(str(params.uri), context.session)
        return EmptyResult()

    async def listen(
        self, context: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Tell the client of changes for as long as it listens, as the newer era has it."""
        with self.notices.listening([str(uri) for uri in params.notifications.resource_subscriptions or ()]):
            return await ListenHandler(self.notices.bus)(context, params)

    async def _text(self, context: Context, uri: str) -> str:
        match = _URI.fullmatch(uri)
        kind, row_id = (match[1], unquote(match[2] or "")) if match else ("", "")
        if kind == "jobs" and (job := self.service.jobs.known(row_id)):
            return compact(self.service.pages.single(job.shown()))
        if kind == "changes" and not row_id and self.service.changes:
            state = await self.service.changes.log.state()
            return compact(
                {"token": f"{state.log}.{state.end}", "what_to_do": "Call changes_since with your token."}
            )
        call = _CALLS.get((kind, bool(row_id)))
        if call is None:
            raise MCPError(INVALID_PARAMS, f"There is no resource {uri[:100]!r}. There are {', '.join(_KNOWN)}.")
        tool, arguments = call[0], {name: row_id if value is None else value for name, value in call[1].items()}
        params = CallToolRequestParams(name=tool, arguments=arguments)
        result = await called(self.tools, ToolCall(self.service, context, params))
        text = text_of_result(result)
        if isinstance(result, InputRequiredResult) or result.is_error:
            raise MCPError(INVALID_PARAMS, text)
        return text


_KNOWN: Final = (SEQUENCES_URI, CHANGES_URI, *(template.uri_template for template in TEMPLATES))
_CALLS: Final[Mapping[tuple[str, bool], tuple[str, Mapping[str, Any]]]] = {
    ("sequences", False): ("list_records", {"kind": "sequences", "limit": 200}),
    ("sequences", True): ("show_sequence", {"sequence_id": None, "report": True}),
    ("people", True): ("show_person", {"person": None}),
}
"""By the kind of a resource, and whether it has an id: the tool, and its arguments, of which `None` is the id."""
