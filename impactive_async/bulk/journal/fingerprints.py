"""How the journal recognises a row: by eight bytes of a hash of what is sent for it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

from impactive_async._codec.codec import dumps

SIZE: Final = 8
"""Bytes of a fingerprint. They show that a row was changed, but do not stop anyone who wants two equal ones."""


def fingerprint(document: bytes) -> bytes:
    """Return the fingerprint of a row, from the JSON that is sent for it (`null` for a row that is not sent)."""
    return blake2b(document, digest_size=SIZE).digest()


def fingerprint_of(body: dict[str, Any] | None) -> bytes:
    """Return the fingerprint of a row, from its body (`None` for a row that is not sent)."""
    return fingerprint(dumps(body))


def fingerprints(documents: Iterable[bytes]) -> bytes:
    """Return the fingerprints of several rows, one behind the other."""
    return b"".join([blake2b(document, digest_size=SIZE).digest() for document in documents])
