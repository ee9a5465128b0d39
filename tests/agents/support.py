"""A server of the agents' tools over a sandbox, and a client of the SDK that is connected to it."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from impactive_async import AsyncClient, RetryPolicy
from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService, AgentSettings
from impactive_async.sandbox import Sandbox, SandboxControl
from tests.support import FakeClock, client_of

MODES = ("auto", "legacy")
"""The two eras of the protocol: requests that stand alone, and a session with a handshake."""
DIALECTS = ("contract", "wrapped", "numbers")
WAYS = (("auto", "contract"), ("legacy", "wrapped"), ("auto", "numbers"))
"""How an agent talks to its server, and the server to the API."""


@attrs.frozen
class Agent:
    """An agent that calls tools, and what it sees of their answers."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must answer."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        answer: dict[str, Any] = json.loads(text_of(result))
        assert result.structured_content == answer
        return answer

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must refuse; return what it says."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, text_of(result)
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    """What a model reads of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@asynccontextmanager
async def agent_of(
    sandbox: Sandbox, *, mode: str = "auto", crm: AsyncClient | None = None, ask: Any = None, **settings: Any
) -> AsyncIterator[Agent]:
    """Yield an agent of a sandbox's workspace. Retries take no time."""
    async with (
        client_of(sandbox, clock=FakeClock(), retry=RetryPolicy()) as own,
        SandboxControl(sandbox.url) as control,
    ):
        service = AgentService(crm=crm or own, settings=AgentSettings(**settings), sandbox=control)
        try:
            async with Client(build_server(service), mode=mode, elicitation_callback=ask) as client:
                yield Agent(client)
        finally:
            await service.aclose()


def by_agent(**settings: Any) -> Callable[[Callable[..., Awaitable[None]]], Any]:
    """Run a test in each of `WAYS`, with an `agent` and, if it asks for one, its `sandbox`.

    A fixture could not: the SDK's client must be left by the task that has entered it.
    """

    def decorate(test: Callable[..., Awaitable[None]]) -> Any:
        own = [one for one in inspect.signature(test).parameters.values() if one.name not in ("agent", "sandbox")]
        asks = "sandbox" in inspect.signature(test).parameters

        @functools.wraps(test)
        async def run(way: tuple[str, str], **rest: Any) -> None:
            async with Sandbox(dialect=way[1]) as sandbox, agent_of(sandbox, mode=way[0], **settings) as agent:
                await test(agent=agent, **({"sandbox": sandbox} if asks else {}), **rest)

        way = inspect.Parameter("way", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature([*own, way])  # type: ignore[attr-defined]
        return pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way))(run)

    return decorate
