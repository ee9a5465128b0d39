"""`impactive sandbox`: an emulated workspace on a port, to develop against."""

from typing import Annotated

import typer

from impactive_async.cli._errors import UsageError
from impactive_async.cli._options import LOCAL
from impactive_async.cli._run import Run, command

app = typer.Typer()


@command(app, "sandbox", example="impactive sandbox --port 8080 --speed 3600", shared=LOCAL)
async def sandbox(
    run: Run,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[str, typer.Option(help="What the made-up data follows from.")] = "demo",
    speed: Annotated[
        float, typer.Option(help="Virtual seconds per real second; 3600 makes an hour of every second.")
    ] = 1.0,
) -> None:
    """Serve an emulated workspace until Ctrl-C: no account, no network, no traces."""
    from impactive_async.sandbox import serve

    run.farewell = "The sandbox has stopped; what was in it is gone."
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed is a positive number, not {speed:g}.")
    try:
        await serve(seed=seed, host=host, port=port, speed=speed, say=run.out.text)
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}:{port} ({error.strerror or error}); "
            "choose another port with --port, or --port 0 for any free one."
        ) from error
