"""Ids and chances that follow from the seed alone, so that two runs of a program see the same workspace."""

import hashlib
from collections import Counter

from attrs import define, field

__all__ = ["Mint", "make_key"]


@define(eq=False)
class Mint:
    """Makes ids, `<prefix>_` and 16 hex digits; the same seed and order make the same ones every time."""

    seed: str
    _made: Counter[str] = field(init=False, factory=Counter)

    def new(self, prefix: str) -> str:
        """The next id of that prefix; not guessable by counting, as with a real server."""
        self._made[prefix] += 1
        return f"{prefix}_{_digest(self.seed, prefix, str(self._made[prefix])).hex()}"

    def chance(self, *what: str) -> float:
        """A number in [0, 1) that depends on the seed and on `what` alone, not on the order of asking."""
        return int.from_bytes(_digest(self.seed, "chance", *what)) / 2**64


def make_key(seed: str, number: int = 0) -> str:
    """An API key of the documented shape, `icrm_` and 32 hex digits."""
    return "icrm_" + hashlib.blake2b(f"{seed}\0key\0{number}".encode(), digest_size=16).hexdigest()


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
