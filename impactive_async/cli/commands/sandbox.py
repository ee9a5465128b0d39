"""`impactive sandbox`: serve an emulated workspace on a port, and steer one that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from impactive_async.cli.kit.declare import GroupWithDefault, command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import LOCAL, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

# `impactive_async.sandbox.DIALECTS`; importing the sandbox for it would slow down every `--help` and Tab.
DIALECTS = ("contract", "wrapped", "noun", "numbers", "express", "next", "microseconds", "small-pages", "no-date")
_DIALECTS = ", ".join(DIALECTS)
POPULATIONS = ("none", "small", "demo", "large")  # those of `impactive_async.sandbox`, likewise


_STEERING = "impactive_async.cli.commands._steering"
app = GroupWithDefault(
    "sandbox",
    default="serve",
    help="An emulated workspace: serve one, which is what happens where no command is named, or steer one.",
    later={
        name: (f"{_STEERING}:{name}",)
        for name in (
            "status",
            "advance",
            "speed",
            "reply",
            "burst",
            "fail",
            "chaos",
            "clear",
            "requests",
            "snapshot",
            "restore",
            "reset",
        )
    },
)


@command("serve", app, example="impactive sandbox serve --port 8080 --speed 3600", shared=LOCAL)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@option("--host", default="127.0.0.1", help="Address to listen on.")
@option("--seed", metavar="TEXT", help="What the made-up data follows from. Default: demo.")
@option(
    "--populate",
    type=click.Choice(POPULATIONS),
    metavar="SIZE",
    help="The rows to begin with: none, small, demo (the default), or large: more than lists show.",
)
@option(
    "--reply-rate",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="How many mails are answered, from 0 to 1. Default: 0.2.",
)
@option("--chaos", type=click.FloatRange(0, 1), metavar="SHARE", help="How many requests fail, from 0 to 1.")
@option("--rate-limit", type=click.IntRange(1), metavar="N", help="Answer 429 to more than N requests a second.")
@option("--strict", is_flag=True, help="Refuse ill-formed addresses, and enrolling people without one.")
@option(
    "--speed",
    type=float,
    default=1.0,
    metavar="N",
    help="Virtual seconds per real second; 3600 makes an hour of every second.",
)
@option("--profile", metavar="FILE", help="Answer as this profile says, instead of as the contract.")
@option(
    "--dialect", type=click.Choice(DIALECTS), metavar="NAME", help=f"A shipped profile: {', '.join(DIALECTS)}."
)
@option(
    "--token",
    envvar="IMPACTIVE_SANDBOX_TOKEN",
    show_envvar=True,
    metavar="WORD",
    help="Only who sends this word may steer it.",
)
@option(
    "--snapshot",
    metavar="FILE",
    help="Begin with what `impactive sandbox snapshot` wrote: rows, time, seed, options, profile.",
)
async def serve(
    run: Run,
    port: int,
    host: str,
    seed: str | None,
    populate: str | None,
    reply_rate: float | None,
    chaos: float | None,
    rate_limit: int | None,
    strict: bool,
    speed: float,
    profile: str | None,
    dialect: str | None,
    token: str | None,
    snapshot: str | None,
) -> None:
    """Serve an emulated workspace until Ctrl-C: no account, no network, no traces."""
    from impactive_async import sandbox

    run.stop_message = "The sandbox has stopped; what was in it is gone."
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed is a positive number, not {speed:g}.")
    options = {
        "seed": seed,
        "populate": populate,
        "reply_rate": reply_rate,
        "chaos": chaos,
        "rate_limit": rate_limit,
        "strict": strict or None,
        "profile": profile,
        "dialect": dialect,
    }
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if snapshot is not None and given:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError(f"With --snapshot, leave out {names}: what the file holds goes before them.")
    try:
        await sandbox.serve(
            **given,
            host=host,
            port=port,
            speed=speed,
            control_token=token,
            snapshot=snapshot,
            say=run.out.text,
        )
    except sandbox.SnapshotError as error:
        raise UsageError(f"Cannot begin with this: {error}.") from error
    except ValueError as error:
        raise UsageError(f"Cannot serve this: {error}.") from error
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}:{port} ({error.strerror or error}); "
            "choose another port with --port, or --port 0 for any free one."
        ) from error
