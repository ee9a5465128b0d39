"""`impactive hub groups` and `hub seek`: consumer groups, and where they are in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.commands._hub import hub_option, namespace_option, open_hub, timeout_option
from impactive_async.cli.commands.hub import app
from impactive_async.cli.kit.arguments import moment
from impactive_async.cli.kit.asking import agree, yes_option
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument, option
from impactive_async.cli.kit.words.wording import count
from impactive_async.cli.steering.moments import said, to_option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import Sought


@command(
    "groups",
    app,
    example="impactive hub groups --hub sqlite:///hub.db",
    rows="impactive_async.hub:GroupStatus",
    shared=(*FORMATS, "debug"),
)
@hub_option
@namespace_option
@timeout_option
async def groups(run: Run, hub: str, namespace: str, timeout: float) -> None:
    """List the consumer groups: how far each is behind, what it has in flight, its dead letters."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        run.out.rows(await engine.groups())


@command(
    "seek", app, example="impactive hub seek billing --to 2026-05-01T09:00Z --hub sqlite:///hub.db", shared=LOCAL
)
@hub_option
@argument("group", help="Its name, from `hub groups`.")
@to_option
@option("--event", metavar="ID", help="Its id: the group gets this event first.")
@yes_option
@namespace_option
@timeout_option
async def seek(
    run: Run, hub: str, group: str, to: str | None, event: str | None, yes: bool, namespace: str, timeout: float
) -> None:
    """Move a consumer group in the log: it gets every event from there on, and none from before.

    Events come again with the same ids, also those that the group has acknowledged, has in flight, or that are its
    dead letters. What it has not acknowledged of those before is skipped, and never comes.
    """
    when = moment(to)
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        agree(
            run, _told(await engine.seek(group, to=when, event=event, dry_run=True), event or said(when)), yes=yes
        )
        done = await engine.seek(group, to=when, event=event)
    run.note(f"{group} is moved: {count(done.events, 'event')} to come, {done.skipped:,} skipped.")


def _told(plan: Sought, where: str) -> str:
    begin = f"{plan.group} will get {count(plan.events, 'event')} of the log, from {where} on, had or not"
    return f"{begin}; {count(plan.skipped, 'event')} before that, not acknowledged yet, will never come to it."
