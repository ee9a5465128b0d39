"""What the commands about hubs share: which one, a sentence if its driver is missing, and how it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from impactive_async import Coverage
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import Hub, HubStatus

NAMESPACE: Final = "impactive"
DAYS: Final = 7.0
TIMEOUT: Final = 5.0

_DAY: Final = 86_400.0

hub_option = option(
    "--hub",
    envvar="IMPACTIVE_HUB",
    required=True,
    metavar="URL",
    help="As sqlite:///hub.db, redis://host/0 or postgresql://user@host/database; or in IMPACTIVE_HUB.",
)
rate_limit_option = option(
    "--rate-limit",
    type=float,
    metavar="N",
    help="API requests a second, of all workers together; left out: what the hub has recorded.",
)
namespace_option = option(
    "--namespace", default=NAMESPACE, metavar="NAME", help="Keeps hubs apart in one database; not with SQLite."
)
group_option = option(
    "--group", required=True, metavar="NAME", help="The consumer group; each group gets every event."
)
timeout_option = option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=TIMEOUT,
    metavar="SECONDS",
    help="For each call to the engine, with its repetitions.",
)
retention_option = option(
    "--retention",
    type=click.FloatRange(min=0),
    default=DAYS,
    metavar="DAYS",
    help="How long events are kept at least.",
)
allow_volatile_option = option(
    "--allow-volatile", is_flag=True, help="Accept an engine that may lose what was committed in a crash."
)


def open_hub(
    url: str,
    namespace: str,
    rate_limit: float | None = None,
    *,
    retention: float = DAYS,
    allow_volatile: bool = False,
    timeout: float | None = TIMEOUT,
) -> Hub:
    """The hub at a URL; `async with` closes it.

    Args:
        url: The engine.
        namespace: Which of its hubs.
        rate_limit: API requests a second.
        retention: Days.
        allow_volatile: Whether the engine may lose what was committed.
        timeout: Seconds for each call to the engine; None: as long as its driver takes.

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
        timeout=timeout,
    )


def tell_status(run: Run, status: HubStatus) -> None:
    """Write what a hub says about itself, for people."""
    import attrs

    figures = attrs.asdict(
        status, filter=lambda field, _: field.name not in ("dead", "groups", "coverage", "paused"), recurse=False
    )
    run.out.rows([{"what": name.replace("_", " "), "value": _shown(value)} for name, value in figures.items()])
    if status.groups:
        run.out.rows(status.groups)
    if status.dead:
        run.out.rows(status.dead)
    if status.paused:
        run.out.rows([{"paused": feed} for feed in status.paused])
    if status.coverage:
        run.out.rows([_covered(one) for one in status.coverage])


def _covered(coverage: Coverage) -> dict[str, object]:
    return {
        "feed": coverage.feed,
        "complete until": coverage.complete_until or "unknown",
        "open gaps": len(coverage.gaps),
        "last page": coverage.last_page,
        "last row": coverage.last_row,
        "seconds late": coverage.lateness.total_seconds(),
    }


def _shown(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
