"""What a handler takes and returns, free of any HTTP library."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from impactive_async.sandbox.dialect.dialect import Dialect
from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.dialect.times import read_since
from impactive_async.sandbox.world.errors import InvalidRequestError
from impactive_async.sandbox.world.world import World

__all__ = ["Call", "RouteAnswer"]


@frozen
class RouteAnswer:
    """The contract's document before the dialect prints it: a row, a list of rows, a `ListPage` or a body.

    `operation` is that of the route unless it is named here.
    """

    document: Any
    operation: str | None = None


@frozen
class Call:
    """A request that has found its route; `body` is `None` where the route takes none or none was sent."""

    world: World
    dialect: Dialect
    operation: str
    params: Mapping[str, str] = field(factory=dict)
    query: Mapping[str, str] = field(factory=dict)
    body: Any = None

    @property
    def settings(self) -> OperationSettings:
        """The settings of this operation."""
        return self.dialect.settings(self.operation)

    def since(self) -> datetime | None:
        """`?since=` as the dialect reads it, if given.

        Raises:
            InvalidRequestError: It is no timestamp.
        """
        text = self.query.get("since")
        try:
            return None if text is None else read_since(self.settings, text)
        except (ValueError, OverflowError) as error:
            raise InvalidRequestError(f"since is {error}") from None

    def limit(self) -> int:
        """`?limit=`, a plain decimal number from 1 on.

        Raises:
            InvalidRequestError: Anything else, or a number above the largest one.
        """
        text, most = self.query.get("limit"), self.settings.limit_max
        if text is None:
            return self.settings.limit_default
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= 1):
            raise InvalidRequestError(f"limit must be a whole number from 1 to {most}")
        if int(text) > most and self.settings.limit_over == "refused":
            raise InvalidRequestError(f"limit must be a whole number from 1 to {most}")
        return min(int(text), most)
