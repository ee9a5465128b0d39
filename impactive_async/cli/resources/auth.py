"""`impactive auth`: does the key work, and for which workspace?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.declare import command

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command("auth", example="IMPACTIVE_API_KEY=icrm_… impactive auth", rows="impactive_async:Workspace")
async def auth(run: Run) -> None:
    """Check the API key, and say which workspace it opens."""
    run.show([await run.crm.zapier.auth_test()])
