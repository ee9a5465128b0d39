"""Addresses in eight bytes each, and where each of them stood first: so that a long file fits in little memory."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Sequence
from hashlib import blake2b
from heapq import merge
from typing import Final

from impactive_async.cli.importing.reading.records import Record

NOBODY: Final = 0
"""The key of a line without an address."""
_SMALLEST: Final = 1 << 12
_PIECE: Final = 1 << 14
"""Keys that are sorted at once: a list of them takes five times the memory of an array."""


def key_of(text: str) -> int:
    """The key of a text. Two texts with one key are as likely as one in 10^8, among a million of them."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big") or 1


def text_key(record: Record) -> int:
    """The key of a line as it stands in the file, for notes."""
    return key_of(record.text.strip() if record.text is not None else repr(record.cells))


def packed(keys: array[int]) -> str:
    """Keys in one text, for notes."""
    pieces = (keys[start : start + _PIECE] for start in range(0, len(keys), _PIECE))
    ordered = array("Q", merge(*(array("Q", sorted(piece)) for piece in pieces)))
    if sys.byteorder == "big":
        ordered.byteswap()
    return b64encode(ordered).decode()


def unpacked(text: str) -> array[int]:
    """The keys that `packed` has put into a text, in order."""
    keys = array("Q")
    keys.frombytes(b64decode(text))
    if sys.byteorder == "big":
        keys.byteswap()
    return keys


def holds(ordered: Sequence[int], key: int) -> bool:
    """Whether a key is among others, which are in order."""
    place = bisect_left(ordered, key)
    return place < len(ordered) and ordered[place] == key


class FirstPlaces:
    """Where each key of a growing array stood first: an open hash table of places."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = keys
        self._table = array("I", bytes(4 * _SMALLEST))
        self._used = 0

    def place(self, place: int) -> int:
        """The first place of the key that is at this place now; the place itself, if it is the first."""
        if self._used * 2 >= len(self._table):
            self._grow()
        return self._put(place)

    def _put(self, place: int) -> int:
        keys, table, mask = self._keys, self._table, len(self._table) - 1
        key = keys[place]
        slot = key & mask
        while (taken := table[slot]) != 0:
            if keys[taken - 1] == key:
                return taken - 1
            slot = (slot + 1) & mask
        table[slot] = place + 1
        self._used += 1
        return place

    def _grow(self) -> None:
        old, self._table, self._used = self._table, array("I", bytes(8 * len(self._table))), 0
        for taken in old:
            if taken:
                self._put(taken - 1)
