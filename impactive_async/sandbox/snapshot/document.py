"""The file of a snapshot: a JSON document with a version and a checksum."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["SnapshotError", "SnapshotSource", "open_snapshot", "seal"]

_VERSION: Final = 1
_WAY_OUT: Final = "Take a new one, or restore another file"

SnapshotSource = bytes | Mapping[str, Any] | str | os.PathLike[str]


class SnapshotError(ValueError):
    """A snapshot that cannot be taken, or cannot be restored. Where restoring fails, the sandbox is unchanged."""


def seal(state: Any) -> bytes:
    """Return the bytes of a file that holds this state."""
    return _dump({"snapshot": _VERSION, "check": _checksum(state), "state": state}) + b"\n"


def open_snapshot(source: SnapshotSource) -> Any:
    """Return the state in a document, in the bytes of one, or in the file at a path.

    Raises:
        SnapshotError: There is no such file, it is damaged, or a newer version wrote it.
    """
    document, where = _read(source)
    if not isinstance(document, Mapping) or "snapshot" not in document:
        raise SnapshotError(f"{where} is not the snapshot of a sandbox")
    version = document["snapshot"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise SnapshotError(f"{where} is damaged: its version is {version!r}. {_WAY_OUT}")
    if version > _VERSION:
        newest = f"this sandbox reads versions up to {_VERSION}"
        raise SnapshotError(f"{where} has version {version}; {newest}. Update impactive-async")
    if document.get("check") != _checksum(document.get("state")):
        raise SnapshotError(f"{where} is damaged: its checksum does not fit what it holds. {_WAY_OUT}")
    return document["state"]


def _read(source: SnapshotSource) -> tuple[Any, str]:
    if isinstance(source, Mapping):
        return source, "the snapshot"
    if isinstance(source, bytes):
        return _parsed(source, "the snapshot"), "the snapshot"
    where = f"snapshot {os.fspath(source)}"
    try:
        raw = Path(source).read_bytes()
    except OSError as error:
        raise SnapshotError(f"{where} cannot be read: {error.strerror or error}") from error
    return _parsed(raw, where), where


def _parsed(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{where} is damaged: it is not JSON ({error}). {_WAY_OUT}") from None


def _dump(value: Any) -> bytes:
    # The standard library also writes what JSON does not have, such as NaN, which rows of tests may hold.
    return json.dumps(value, separators=(",", ":")).encode()


def _checksum(state: Any) -> str:
    return hashlib.blake2b(_dump(state), digest_size=16).hexdigest()
