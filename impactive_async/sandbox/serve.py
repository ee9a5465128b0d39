"""The sandbox as a program: serve it on a port until Ctrl-C."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from impactive_async.sandbox.dialect.profile.files import DIALECTS, ProfileSource, choose_profile
from impactive_async.sandbox.dialect.values import is_numbered
from impactive_async.sandbox.populations import POPULATIONS, Population
from impactive_async.sandbox.server import Sandbox
from impactive_async.sandbox.snapshot.document import SnapshotError, SnapshotSource

__all__ = ["main", "serve"]


async def serve(
    *,
    seed: str = "demo",
    host: str = "127.0.0.1",
    port: int = 8080,
    speed: float = 1.0,
    profile: ProfileSource | None = None,
    dialect: str | None = None,
    populate: bool | Population = True,
    reply_rate: float = 0.2,
    chaos: float = 0,
    rate_limit: int | None = None,
    strict: bool = False,
    control_token: str | None = None,
    snapshot: SnapshotSource | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Serve a sandbox until cancelled; its clock starts at the real time and runs `speed` times as fast as it.

    The workspace has a new id each time. A journal or hub that outlives one server must not take the next one,
    on the same port and with the same seed, for the same workspace. It answers as the profile or dialect says.
    Calls of the control API must send `control_token`, if there is one. With a `snapshot`, time, workspace, seed
    and profile are those of the snapshot. `Sandbox` explains the other options.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
        SnapshotError: The snapshot cannot be read.
        ValueError: An option is out of its range, or the profile cannot be used.
    """
    chosen = choose_profile(profile, dialect)
    async with Sandbox(
        seed,
        now=datetime.now(UTC),
        host=host,
        port=port,
        workspace_id=_new_workspace_id(chosen),
        profile=chosen,
        speed=speed,
        journal_limit=1000,
        populate=populate,
        reply_rate=reply_rate,
        chaos=chaos,
        rate_limit=rate_limit,
        strict=strict,
        control_token=control_token,
        snapshot=snapshot,
    ) as sandbox:
        say(_welcome(sandbox, speed, sandbox.profile))
        await asyncio.Event().wait()


def _new_workspace_id(profile: Mapping[str, Any]) -> str:
    numbered = is_numbered(profile.get("ids", {}), "workspace")
    return str(secrets.randbelow(10**9) + 1) if numbered else f"wsp_{secrets.token_hex(8)}"


def _welcome(sandbox: Sandbox, speed: float, profile: Mapping[str, Any]) -> str:
    return f"""\
ImpactiveAI sandbox: everything in it is made up, and gone when it stops.

  url      {sandbox.url}
  api key  {sandbox.api_key}
  time     {speed:g} virtual second(s) per second
  dialect  {profile.get("name", "of your profile")}

Try it:
  curl -H 'x-api-key: {sandbox.api_key}' {sandbox.url}/api/agent/contacts

Point your program at it:
  export IMPACTIVE_BASE_URL={sandbox.url}
  export IMPACTIVE_API_KEY={sandbox.api_key}

Watch and steer it in a browser, or from another terminal:
  {sandbox.url}/_sandbox/ui
  impactive sandbox advance 3d --url {sandbox.url}

Press Ctrl-C to stop."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        asyncio.run(serve(**vars(options), say=_say))
    except KeyboardInterrupt:
        _say("\nStopped.")
    except SnapshotError as error:
        return _complain(f"Cannot begin with this: {error}.")
    except ValueError as error:
        return _complain(f"Cannot serve this: {error}.")
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
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--profile", metavar="FILE", help="answer as this profile says")
    how.add_argument("--dialect", choices=DIALECTS, help="answer in this dialect (default: contract)")
    parser.add_argument(
        "--populate", choices=POPULATIONS, default="demo", help="the rows to begin with (default: %(default)s)"
    )
    parser.add_argument(
        "--reply-rate", type=float, default=0.2, help="share of mails that are answered (default: %(default)g)"
    )
    parser.add_argument(
        "--chaos", type=float, default=0, help="share of requests that fail (default: %(default)g)"
    )
    parser.add_argument("--rate-limit", type=int, help="requests a second beyond which 429 is answered")
    parser.add_argument(
        "--strict", action="store_true", help="refuse ill-formed addresses, and enrolling without one"
    )
    parser.add_argument("--snapshot", metavar="FILE", help="begin with what `impactive sandbox snapshot` wrote")
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
