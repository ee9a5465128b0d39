"""`impactive sandbox`: serve an emulated workspace on a port, and steer one that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import GroupWithDefault, command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import LOCAL, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

# `impactive_async.sandbox.DIALECTS`; importing the sandbox for it would slow down every `--help` and Tab.
DIALECTS = ("contract", "wrapped", "noun", "numbers", "express", "next", "microseconds", "small-pages", "no-date")
_DIALECTS = ", ".join(DIALECTS)


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
@option("--seed", default="demo", help="What the made-up data follows from.")
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
    help="Begin with what `impactive sandbox snapshot` wrote: its rows, time, seed and profile.",
)
async def serve(
    run: Run,
    port: int,
    host: str,
    seed: str,
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
    try:
        await sandbox.serve(
            seed=seed,
            host=host,
            port=port,
            speed=speed,
            profile=profile,
            dialect=dialect,
            control_token=token,
            snapshot=snapshot,
            say=run.out.text,
        )
    except sandbox.SnapshotError as error:
        raise UsageError(f"Cannot begin with this: {error}.") from error
    except ValueError as error:
        raise UsageError(f"Cannot serve this profile: {error}.") from error
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}:{port} ({error.strerror or error}); "
            "choose another port with --port, or --port 0 for any free one."
        ) from error
