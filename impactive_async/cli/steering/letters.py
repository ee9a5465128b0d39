"""`impactive forward dead` and `forward replay`: what could not be delivered, and once more."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from impactive_async.cli.commands._hub import namespace_option, open_hub, timeout_option
from impactive_async.cli.commands.forward import (
    NAME,
    OWN_HUB,
    app,
    config_option,
    group_of_option,
    own_hub_option,
)
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import DeadLetter

DEAD_LETTER: Final = ("id", "group", "position", "type", "subject", "attempts", "reason", "since")
"""The keys of a dead letter, as `forward dead` prints it."""
_MOST: Final = 1_000_000


@command(
    "dead",
    app,
    example="impactive forward dead --hub sqlite:///hub.db --json",
    rows="impactive_async.cli.steering.letters:DEAD_LETTER",
    shared=(*FORMATS, "debug"),
)
@own_hub_option
@config_option
@group_of_option
@option("--count", type=click.IntRange(min=1), default=100, metavar="N", help="How many at the most.")
@namespace_option
@timeout_option
async def dead(
    run: Run,
    hub: str | None,
    config: Path | None,
    group: str | None,
    count: int,
    namespace: str,
    timeout: float,
) -> None:
    """List the events that were given up, with the reason of each; the hub keeps them."""
    async with open_hub(hub or OWN_HUB, namespace, timeout=timeout) as engine:
        letters = [
            letter for name in _groups(config, group) for letter in await engine.dead_letters(name, count=count)
        ]
    run.out.rows([_row(letter) for letter in letters[:count]])


@command("replay", app, example="impactive forward replay --since 2h --hub sqlite:///hub.db", shared=LOCAL)
@argument("ids", nargs=-1, help="From `forward dead`: `webhook-id`s.")
@own_hub_option
@config_option
@group_of_option
@option("--all", "every", is_flag=True, help="All dead letters.")
@option(
    "--since",
    metavar="MOMENT",
    help="Those given up since then, as 2026-05-01T09:00Z, or for so long: 90m, 2h, 3d.",
)
@namespace_option
@timeout_option
async def replay(
    run: Run,
    ids: tuple[str, ...],
    hub: str | None,
    config: Path | None,
    group: str | None,
    every: bool,
    since: str | None,
    namespace: str,
    timeout: float,
) -> None:
    """Deliver events again that were given up: verbatim, signed afresh, with all their tries."""
    if [bool(ids), every, since is not None].count(True) != 1:
        raise UsageError("Name dead letters by their ids, or give --all or --since.")
    start = _moment(since)
    unknown, count = set(ids), 0
    async with open_hub(hub or OWN_HUB, namespace, timeout=timeout) as engine:
        for name in _groups(config, group):
            letters = await engine.dead_letters(name, count=_MOST)
            chosen = [one for one in letters if _id(one) in ids or (not ids and (not start or one.since >= start))]
            unknown -= {_id(one) for one in chosen}
            if chosen:
                count += await engine.replay(name, [one.position for one in chosen])
    if unknown:
        raise UsageError(f"{min(unknown)!r} is no dead letter; `impactive forward dead` lists them.")
    run.note(f"Delivered again: {count:,}.")


def _groups(config: Path | None, group: str | None) -> list[str]:
    if config is None:
        return [group or f"forward:{NAME}"]
    from impactive_async.forward import load_destinations

    groups = [one.group for one in load_destinations(config, os.environ)]
    if group is not None and group not in groups:
        raise UsageError(f"No destination of {config} has the group {group!r}; there are {', '.join(groups)}.")
    return [group] if group else groups


def _row(letter: DeadLetter) -> dict[str, Any]:
    event = letter.event
    return {
        "id": _id(letter),
        "group": letter.group,
        "position": letter.position,
        "type": event.type if event else None,
        "subject": event.subject if event else None,
        "attempts": letter.deliveries,
        "reason": letter.reason,
        "since": letter.since,
    }


def _id(letter: DeadLetter) -> str:
    from impactive_async.webhooks import webhook_id

    return webhook_id(letter.event.id) if letter.event else letter.position


def _moment(text: str | None) -> datetime | None:
    from impactive_async.cli.kit.arguments import moment

    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if text and text[-1] in units and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 10:
        return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * units[text[-1]])
    return moment(text)
