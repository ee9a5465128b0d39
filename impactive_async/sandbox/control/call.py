"""One call of the control API, as its handlers get it."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from impactive_async.sandbox.control.steerable import Steerable

__all__ = ["ControlCall", "RawJson"]


@frozen
class RawJson:
    """An answer that is JSON already."""

    body: bytes


@frozen
class ControlCall:
    """A call.

    Attributes:
        sandbox: What is steered.
        params: The parameters of the path.
        query: The query parameters.
        body: The members of the body, as Python values.
    """

    sandbox: Steerable
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def whole(self, name: str, default: int) -> int:
        """Return a query parameter that is a whole number from 0 up.

        Raises:
            ValueError: It is none.
        """
        given = self.query.get(name)
        if given is None:
            return default
        if not given.isascii() or not given.isdigit():
            raise ValueError(f"{name} must be a whole number, not {given!r}")
        return int(given)
