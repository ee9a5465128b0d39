"""`impactive auth`: does the key work, and for which workspace?"""

import typer

from impactive_async.cli._run import Run, command

app = typer.Typer()


@command(app, "auth", example="IMPACTIVE_API_KEY=icrm_… impactive auth")
async def auth(run: Run) -> None:
    """Check the API key, and say which workspace it opens."""
    run.show([await run.crm.zapier.auth_test()])
