"""What the commands about hubs share: which one, and a sentence if its driver is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from impactive_async.hub import Hub

HubUrl = Annotated[
    str,
    typer.Option(
        "--hub",
        envvar="IMPACTIVE_HUB",
        metavar="URL",
        help="As sqlite:///hub.db, redis://host/0 or postgresql://user@host/database; or in IMPACTIVE_HUB.",
        show_default=False,
        show_envvar=False,
    ),
]
RateLimit = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="API requests a second, of all workers together; give all of them the same.",
        show_default=False,
    ),
]


def open_hub(url: str, rate_limit: float | None = None) -> Hub:
    """The hub at a URL; `async with` closes it.

    Raises:
        ConfigurationError: The URL names no known engine, or its driver is not installed.
    """
    from impactive_async.hub import connect

    return connect(url, rate_limit=rate_limit)
