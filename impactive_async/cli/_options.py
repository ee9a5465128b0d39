"""The options that commands share, and their help."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Final

import attrs
import typer

_CONNECTION = "Connection"
_OUTPUT = "Output"


@attrs.frozen(kw_only=True)
class Options:
    """What the shared options say."""

    json: bool | None = None
    """True: JSON lines; False: a table; `None`: a table if stdout is a terminal."""
    base_url: str | None = None
    timeout: float = 30.0
    max_retries: int = 4
    debug: bool = False


_DECLARED: Final = {
    "json": (
        bool | None,
        typer.Option(
            "--json/--table",
            help="One JSON object a line, or a table (default: a table on a terminal, else JSON).",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ),
    "debug": (
        bool,
        typer.Option(
            "--debug", help="Log every request, and show the traceback of an error.", rich_help_panel=_OUTPUT
        ),
    ),
    "base_url": (
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="Where the workspace is served (default: IMPACTIVE_BASE_URL, else the vendor's host).",
            rich_help_panel=_CONNECTION,
            show_default=False,
        ),
    ),
    "timeout": (
        float,
        typer.Option("--timeout", metavar="SECONDS", help="For each attempt.", rich_help_panel=_CONNECTION),
    ),
    "max_retries": (
        int,
        typer.Option(
            "--max-retries",
            metavar="N",
            min=0,
            help="How often a call is sent again, where that is safe.",
            rich_help_panel=_CONNECTION,
        ),
    ),
}

ALL: Final = tuple(_DECLARED)
"""What a command that talks to the API takes."""
LOCAL: Final = ("debug",)
"""What a command takes that talks to nobody."""


def _parameter(name: str) -> inspect.Parameter:
    kind, option = _DECLARED[name]
    default: Any = getattr(Options(), name)
    annotation = Annotated[kind, option]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


PARAMETERS: Final = {name: _parameter(name) for name in _DECLARED}
