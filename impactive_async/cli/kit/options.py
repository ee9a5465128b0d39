"""How options are declared, and the options that commands share."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import click

OPTIONS: Final = "Options"
_CONNECTION: Final = "Connection"
_OUTPUT: Final = "Output"


class Option(click.Option):
    """An option whose help shows its default. `panel` is the heading that the help lists it under."""

    def __init__(self, *args: Any, panel: str = OPTIONS, **rest: Any) -> None:
        self.panel = panel
        super().__init__(*args, **{"show_default": True, **rest})


class FieldsOption(Option):
    """`--json` or `--csv`, with or without fields. Without fields the value is empty (see `Command`)."""


option = functools.partial(click.option, cls=Option)
argument = click.argument

SHARED: Final[Mapping[str, Option]] = {
    "json": FieldsOption(
        ["--json"],
        metavar="[FIELDS]",
        help="One JSON object a line, as into a pipe; with FIELDS, as id,email, only these.",
        panel=_OUTPUT,
    ),
    "csv": FieldsOption(
        ["--csv"],
        metavar="[FIELDS]",
        help="CSV with a header line; with FIELDS, as id,contact.email, only these.",
        panel=_OUTPUT,
    ),
    "table": Option(["--table"], is_flag=True, help="A table, as on a terminal.", panel=_OUTPUT),
    "debug": Option(
        ["--debug"], is_flag=True, help="Log every request, and show the traceback of an error.", panel=_OUTPUT
    ),
    "base_url": Option(
        ["--base-url"],
        metavar="URL",
        help="Where the workspace is served (default: IMPACTIVE_BASE_URL, else the vendor's host).",
        panel=_CONNECTION,
    ),
    "timeout": Option(
        ["--timeout"], type=float, default=30.0, metavar="SECONDS", help="For each attempt.", panel=_CONNECTION
    ),
    "max_retries": Option(
        ["--max-retries"],
        type=click.IntRange(min=0),
        default=4,
        metavar="N",
        help="How often a call is sent again, where that is safe.",
        panel=_CONNECTION,
    ),
}
"""By the names of their parameters."""

ALL: Final = tuple(SHARED)
"""What a command that talks to the API takes."""
FORMATS: Final = ("json", "csv", "table")
"""What a command takes that puts out rows."""
LOCAL: Final = ("debug",)
"""What a command takes that talks to nobody."""

distinct_option = option(
    "--distinct/--no-distinct",
    default=True,
    help="Whether an email that several sequences show is one event (the default).",
)
ignore_option = option(
    "--ignore",
    multiple=True,
    metavar="FIELD",
    help="A field that changes all the time, of bookings: no row comes again for it alone. Repeatable.",
)
