"""The difference between "leave it alone" and "clear it"."""

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`; an enum, so that type checkers narrow `value is UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Leave the field alone: it is not sent. `None`, in contrast, clears it (`null` on the wire)."""
