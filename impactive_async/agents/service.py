"""What the tools of one server share: the client, its settings, the pages of its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from impactive_async import AsyncClient
from impactive_async.agents.answering.pages import Pages
from impactive_async.agents.carried import CarriedOut
from impactive_async.agents.changes.log import ChangeLog
from impactive_async.agents.changes.reading import Changes
from impactive_async.agents.changes.sources import FeedSource, HubSource
from impactive_async.agents.jobs import Jobs

if TYPE_CHECKING:
    from impactive_async.hub import Hub
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
        interval: Seconds between two looks for changes, while a client wants to be told of them.
        patience: Seconds that a tool waits for a job before it says that the job goes on.
    """

    allow_writes: bool = False
    assume_yes: bool = False
    max_tokens: int = 6000
    state: Path | None = None
    patience: float = 25.0
    interval: float = 300.0


@attrs.define(kw_only=True)
class AgentService:
    """The workspace as the tools see it.

    Attributes:
        crm: The client.
        settings: What is allowed.
        hub: Whose log is read for what is new; `None`: the server polls the lists itself.
        sandbox: Steers the sandbox that `crm` talks to; `None`: it is a real workspace.
    """

    crm: AsyncClient
    settings: AgentSettings = attrs.field(factory=AgentSettings)
    hub: Hub | None = None
    sandbox: SandboxControl | None = None
    pages: Pages = attrs.field(init=False)
    jobs: Jobs = attrs.field(init=False)
    carried: CarriedOut = attrs.field(init=False, factory=CarriedOut)
    changes: Changes | None = attrs.field(init=False, default=None)
    quiet: dict[int, Any] = attrs.field(init=False, factory=dict)
    """Clients that want no notices in their log, by the number of what they have said of themselves."""
    closing: list[Callable[[], Awaitable[None]]] = attrs.field(init=False, factory=list)
    """What else is to be stopped with the service, before the log is closed."""

    def __attrs_post_init__(self) -> None:
        self.pages = Pages(self.settings.max_tokens)
        self.jobs = Jobs(self.settings.state and self.settings.state / "jobs")
        self.crm = self.crm.with_options(deadline=DEADLINE)
        if self.settings.state is not None:
            source = FeedSource(self.crm) if self.hub is None else HubSource(self.hub)
            name = "changes.db" if self.hub is None else "changes-of-hub.db"
            self.changes = Changes(ChangeLog(self.settings.state / name), source)

    async def aclose(self) -> None:
        """Stop what goes on by itself. The client stays open."""
        for close in self.closing:
            await close()
        await self.carried.aclose()
        await self.jobs.aclose()
        if self.changes is not None:
            await self.changes.log.aclose()
