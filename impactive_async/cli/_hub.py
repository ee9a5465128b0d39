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
        help="API requests a second, of all workers together; left out: what the hub has recorded.",
        show_default=False,
    ),
]
Namespace = Annotated[str, typer.Option(metavar="NAME", help="Keeps hubs apart in one database; not with SQLite.")]
Retention = Annotated[float, typer.Option(metavar="DAYS", min=0, help="How long events are kept at least.")]
AllowVolatile = Annotated[
    bool, typer.Option("--allow-volatile", help="Accept an engine that may lose what was committed in a crash.")
]
NAMESPACE = "impactive"
DAYS = 7.0

_DAY = 86_400.0


def open_hub(
    url: str,
    namespace: str,
    rate_limit: float | None = None,
    *,
    retention: float = DAYS,
    allow_volatile: bool = False,
) -> Hub:
    """The hub at a URL; `async with` closes it.

    Args:
        url: The engine.
        namespace: Which of its hubs.
        rate_limit: API requests a second.
        retention: Days.
        allow_volatile: Whether the engine may lose what was committed.

    Raises:
        ConfigurationError: The URL names no known engine, or its driver is not installed.
    """
    from impactive_async.hub import connect

    return connect(
        url,
        namespace=namespace,
        rate_limit=rate_limit,
        retention=retention * _DAY,
        allow_volatile=allow_volatile,
    )
