"""What all workers of a hub must agree on: whose feeds these are, and how many requests a second they make."""

from __future__ import annotations

from impactive_async.errors import ConfigurationError
from impactive_async.hub.rate import Rate, rate

UNLIMITED = 0.0
"""How an engine keeps "no limit, and that was decided"; where nothing is kept, nobody has named a limit yet."""


def identity(workspace: str, base_url: str) -> str:
    """What a hub calls a workspace: a copy on another server has the same id, and other rows."""
    return f"{workspace} at {base_url}"


class Terms:
    """What one hub object knows of them. The engine's word counts; this one's is for an engine that has none.

    Args:
        limit: What this object was told; None: whatever the others were.
    """

    def __init__(self, limit: float | None) -> None:
        self.rate: Rate | None = rate(limit)
        self._told = limit

    def agree(self, workspace: str, recorded: tuple[str, float | None]) -> None:
        """Accept what the engine has recorded. What was told counts once: a later change is for all workers.

        Raises:
            ConfigurationError: It is another workspace, or another limit than the one told.
        """
        owner, limit = recorded
        if owner != workspace:
            raise ConfigurationError(
                f"This hub holds the feeds of workspace {owner}, and this client opens {workspace}. Two on one "
                "hub would lose rows: use another namespace (`--namespace`), or another file with SQLite. If it "
                "is the same one under a new address, say so: `impactive hub move`."
            )
        if self._told is not None and self._told != limit:
            raise ConfigurationError(
                f"All workers of a hub share one rate limit: here it is {_in_words(limit)}, and this worker was "
                f"told {self._told:g} a second. Leave its limit out, or change it for all: `impactive hub limit "
                f"{self._told:g}`."
            )
        self._told = None
        self.rate = rate(limit or None)


def limit_of(rate_limit: float | None) -> float:
    """A limit as engines keep it.

    Raises:
        ValueError: It is not a positive finite number.
    """
    checked = rate(rate_limit)
    return checked.limit if checked else UNLIMITED


def _in_words(limit: float | None) -> str:
    return f"{limit:g} requests a second" if limit else "none"
