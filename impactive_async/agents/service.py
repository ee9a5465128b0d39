"""What the tools of one server share: the client, its settings, the pages of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from impactive_async import AsyncClient
from impactive_async.agents.answering.pages import Pages
from impactive_async.agents.jobs import Jobs

if TYPE_CHECKING:
    from impactive_async.sandbox import SandboxControl

DEADLINE: Final = 45.0
"""Seconds for a call of the API, attempts and waits included: clients give a tool about a minute."""


@attrs.frozen(kw_only=True)
class AgentSettings:
    """What a server allows.

    Attributes:
        allow_writes: Whether there are tools that write.
        assume_yes: Whether a client that cannot ask its user counts as one whose user agrees.
        max_tokens: The most tokens of an answer.
        state: The folder for what must survive a restart; `None`: nothing does.
        patience: Seconds that a tool waits for a job before it says that the job goes on.
    """

    allow_writes: bool = False
    assume_yes: bool = False
    max_tokens: int = 6000
    state: Path | None = None
    patience: float = 25.0


@attrs.define(kw_only=True)
class AgentService:
    """The workspace as the tools see it.

    Attributes:
        crm: The client.
        settings: What is allowed.
        sandbox: Steers the sandbox that `crm` talks to; `None`: it is a real workspace.
    """

    crm: AsyncClient
    settings: AgentSettings = attrs.field(factory=AgentSettings)
    sandbox: SandboxControl | None = None
    pages: Pages = attrs.field(init=False)
    jobs: Jobs = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pages = Pages(self.settings.max_tokens)
        self.jobs = Jobs(self.settings.state and self.settings.state / "jobs")
        self.crm = self.crm.with_options(deadline=DEADLINE)

    async def aclose(self) -> None:
        """Stop what goes on by itself. The client stays open."""
        await self.jobs.aclose()
