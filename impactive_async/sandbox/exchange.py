"""What a handler gets and gives: values without any HTTP library in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from .errors import BadRequestError
from .times import parse_moment
from .world import World

__all__ = ["Answer", "Call"]


@frozen
class Answer:
    """A status and the document that goes with it."""

    status: int
    document: Any


@frozen
class Call:
    """A request that has found its route; `body` is `None` where the route takes none or none was sent."""

    world: World
    params: Mapping[str, str] = field(factory=dict)
    query: Mapping[str, str] = field(factory=dict)
    body: Any = None

    def since(self) -> datetime | None:
        """`?since=`, if given.

        Raises:
            BadRequestError: Not a timestamp that names its offset.
        """
        text = self.query.get("since")
        try:
            return None if text is None else parse_moment(text)
        except ValueError as error:
            raise BadRequestError(f"since is {error}") from None

    def limit(self, default: int, most: int) -> int:
        """`?limit=`, a plain decimal number from 1 to `most`.

        Raises:
            BadRequestError: Anything else.
        """
        text = self.query.get("limit")
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
            raise BadRequestError(f"limit must be a whole number from 1 to {most}")
        return int(text)
