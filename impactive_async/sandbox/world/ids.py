"""Ids and random numbers that depend on the seed alone: two runs of a program see the same workspace."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from attrs import define, field

__all__ = ["PREFIXES", "IdGenerator", "make_key"]

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("con",),
    "companies": ("com",),
    "deals": ("dea",),
    "invoices": ("inv",),
    "projects": ("prj",),
    "bookings": ("boo",),
    "sending_accounts": ("acc",),
    "sequences": ("seq",),
    "steps": ("stp",),
    "enrollments": ("enr",),
    "sends": ("snd",),
    "replies": ("rep",),
    "stages": ("stg", "pst"),
    "tags": ("tag",),
    "lists": ("lst",),
    "workspace": ("wsp",),
}
"""The prefixes of ids, by noun."""


@define(eq=False)
class IdGenerator:
    """Makes ids, `<prefix>_` and 16 hex digits; the same seed and order make the same ones every time.

    Ids of the prefixes in `numbered` are whole numbers from 1, as text.
    """

    seed: str
    numbered: frozenset[str] = frozenset()
    made: Counter[str] = field(init=False, factory=Counter)

    def new(self, prefix: str) -> str:
        """The next id of that prefix."""
        self.made[prefix] += 1
        if prefix in self.numbered:
            return str(self.made[prefix])
        return f"{prefix}_{_digest(self.seed, prefix, str(self.made[prefix])).hex()}"

    def chance(self, *what: str) -> float:
        """A number in [0, 1) that depends on the seed and on `what` alone, not on the order of asking."""
        return int.from_bytes(_digest(self.seed, "chance", *what)) / 2**64


def make_key(seed: str, number: int = 0) -> str:
    """An API key of the documented shape, `icrm_` and 32 hex digits."""
    return "icrm_" + hashlib.blake2b(f"{seed}\0key\0{number}".encode(), digest_size=16).hexdigest()


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
