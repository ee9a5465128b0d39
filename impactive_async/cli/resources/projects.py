"""`impactive projects`; the API can only list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import moment, since_option
from impactive_async.cli.kit.declare import Group, command

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("projects", help="Projects: list.")


@command("list", app, example="impactive projects list --since 2026-05-01 --json", rows="impactive_async:Project")
@since_option
async def list_projects(run: Run, since: str | None) -> None:
    """List the projects changed last, at most 100."""
    run.show(await run.crm.zapier.projects.list(since=moment(since)))
