"""What all workers of a hub must agree on: the workspace, and the number of requests a second."""

from __future__ import annotations

from impactive_async._http.rate import Rate, rate
from impactive_async.errors import ConfigurationError

UNLIMITED = 0.0
"""How an engine keeps the decision for no limit. Where it keeps nothing, nobody has named a limit yet."""


def identity(workspace: str, base_url: str) -> str:
    """Return what a hub calls a workspace. Its address is part of it: a copy on another server has the same id."""
    return f"{workspace} at {base_url}"


class SharedSettings:
    """What one hub object knows of these settings. What the engine has recorded takes precedence.

    Args:
        limit: The rate limit that this object was given; None: whatever the engine has recorded.
    """

    def __init__(self, limit: float | None) -> None:
        self.rate: Rate | None = rate(limit)
        self._given = limit

    def agree(self, workspace: str, recorded: tuple[str, float | None]) -> None:
        """Accept what the engine has recorded.

        The limit that this object was given is compared once, at the first call. A limit that is changed later is
        changed for all workers.

        Raises:
            ConfigurationError: Another workspace is recorded, or another limit than this object was given.
        """
        owner, limit = recorded
        if owner != workspace:
            raise ConfigurationError(
                f"This hub holds the feeds of workspace {owner}, and this client opens {workspace}. Two "
                "workspaces on one hub would lose rows: use another namespace (`--namespace`), or another file "
                "with SQLite. If it is the same workspace under a new address, run `impactive hub move`."
            )
        if self._given is not None and self._given != limit:
            raise ConfigurationError(
                f"All workers of a hub share one rate limit: here it is {_in_words(limit)}, and this worker was "
                f"told {self._given:g} a second. Leave its limit out, or change it for all: `impactive hub limit "
                f"{self._given:g}`."
            )
        self._given = None
        self.rate = rate(limit or None)


def limit_of(rate_limit: float | None) -> float:
    """Return a limit as engines keep it.

    Raises:
        ValueError: It is not a positive finite number.
    """
    checked = rate(rate_limit)
    return checked.limit if checked else UNLIMITED


def _in_words(limit: float | None) -> str:
    return f"{limit:g} requests a second" if limit else "none"
