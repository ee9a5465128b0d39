"""The sandbox as a program: serve it on a port until Ctrl-C."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from .server import Sandbox

__all__ = ["main", "serve"]


async def serve(
    *,
    seed: str = "demo",
    host: str = "127.0.0.1",
    port: int = 8080,
    speed: float = 1.0,
    say: Callable[[str], object] = print,
) -> None:
    """Serve a sandbox until cancelled; its clock starts at the real time and runs `speed` times as fast.

    Each time it is a workspace of its own: a journal or hub that outlives it, of contacts that are gone, must not
    take the next one for it, though its port and its seed may be the same.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
        ValueError: `speed` is not above 0.
    """
    async with Sandbox(
        seed,
        now=datetime.now(UTC),
        host=host,
        port=port,
        workspace_id=f"wsp_{secrets.token_hex(8)}",
        speed=speed,
        journal_limit=1000,
    ) as sandbox:
        say(_welcome(sandbox, speed))
        await asyncio.Event().wait()


def _welcome(sandbox: Sandbox, speed: float) -> str:
    return f"""\
ImpactiveAI sandbox: everything in it is made up, and gone when it stops.

  url      {sandbox.url}
  api key  {sandbox.api_key}
  time     {speed:g} virtual second(s) per second

Try it:
  curl -H 'x-api-key: {sandbox.api_key}' {sandbox.url}/api/agent/contacts

Point your program at it:
  export IMPACTIVE_BASE_URL={sandbox.url}
  export IMPACTIVE_API_KEY={sandbox.api_key}

Press Ctrl-C to stop."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        asyncio.run(serve(seed=options.seed, host=options.host, port=options.port, speed=options.speed, say=_say))
    except KeyboardInterrupt:
        _say("\nStopped.")
    except OSError as error:
        return _complain(_why(error, options.host, options.port))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m impactive_async.sandbox", description="Serve an emulated ImpactiveAI workspace."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 picks a free one (default: %(default)s)")
    parser.add_argument("--seed", default="demo", help="what the made-up data follows from (default: %(default)s)")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        help="virtual seconds per real second; 3600 makes an hour of every second (default: %(default)g)",
    )
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise ValueError(text)
    return speed


def _why(error: OSError, host: str, port: int) -> str:
    return (
        f"Cannot listen on {host}:{port} ({error.strerror or error}); "
        "choose another port with --port, or --port 0 for any free one."
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1
