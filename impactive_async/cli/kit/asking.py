"""One question before something is done that cannot be undone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

yes_option = option("--yes", is_flag=True, help="Do not ask; needed where nobody is there to be asked.")


def agree(run: Run, what: str, *, yes: bool) -> None:
    """Say what will happen, and ask whether to go on.

    Args:
        run: The command.
        what: What will happen.
        yes: Whether the answer was given on the command line.

    Raises:
        CancelledError: The answer is no.
        UsageError: Nobody is there to be asked.
    """
    run.note(what)
    if yes:
        return
    from asyncio import CancelledError

    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("Nothing was changed: say --yes, as nobody is there to be asked.")
    run.stop_message = "Stopped; nothing was changed."
    with run.signals.at_once():
        if not said_yes():
            raise CancelledError


def said_yes() -> bool:
    """Ask on the terminal whether to go on; call it where a signal ends the wait."""
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
