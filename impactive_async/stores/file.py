"""Cursors as small JSON files in a directory, one for each key.

Because each key has a file of its own, two processes that share the directory cannot lose each other's keys, and a
save costs the same however many feeds there are. A file is replaced as a whole (`_disk/durable.py`): a kill at any
moment leaves the old cursor or the new one, and at worst a temporary file that nobody reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

from impactive_async._disk.durable import replace_file, sweep
from impactive_async._disk.paths import path_of
from impactive_async._disk.serial import SerialThread
from impactive_async.errors import CursorError

_FORMAT = "impactive-async cursor"
_VERSION = 1
_NAME = re.compile(r"\.?[0-9a-f]{32}\.json$")
_TEMPORARY = ".cursor-tmp"  # ours beyond doubt, in whatever directory the user chose


class FileCursorStore:
    """A directory of cursors, made at the first save.

    Several feeds, stores and processes may share the directory. If two of them save the same key, the later save
    wins: give each consumer a key of its own.

    Args:
        path: The directory.

    Raises:
        CursorError: From `load` and `save`: a file is damaged or not ours, or the disk refuses. The message names
            the file and says what to do. Whatever was stored is left as it was.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path_of(path, "a cursor store"))
        self._thread = SerialThread("impactive-cursors")
        self._swept = False

    def __repr__(self) -> str:
        return f"FileCursorStore({str(self.path)!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return (
            type(self),
            (str(self.path.absolute()),),
        )  # by its path, so that a process that is spawned shares it

    async def load(self, key: str) -> str | None:
        """Return the cursor last saved under `key`; `None` if there never was one."""
        return await self._thread.run(partial(self._load, key))

    async def keys(self) -> list[str]:
        """Return the keys that a cursor was saved under; other files of the directory are passed over."""
        return await self._thread.run(self._keys)

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`. When this returns, a kill or a power cut leaves it."""
        await self._thread.run(partial(self._save, key, cursor))

    def _load(self, key: str) -> str | None:
        file = self.path / file_name(key)
        with _explained("read", file):
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                return None
        return _decipher(file, content, key)

    def _keys(self) -> list[str]:
        with _explained("read", self.path):
            files = sorted(self.path.glob("*.json")) if self.path.exists() else []
            contents = [(file, file.read_bytes()) for file in files if _NAME.search(file.name)]
        return sorted(str(_parse(file, content).get("key")) for file, content in contents)

    def _save(self, key: str, cursor: str) -> None:
        file = self.path / file_name(key)
        document = {"format": _FORMAT, "version": _VERSION, "key": key, "cursor": cursor}
        with _explained("save", file):
            self.path.mkdir(parents=True, exist_ok=True)
            replace_file(file, json.dumps(document).encode(), _TEMPORARY)
        if not self._swept:
            self._swept = True
            sweep(file, _TEMPORARY)


def file_name(key: str) -> str:
    """Return the name of a key's file. A hash tells keys apart, the readable part is for people.

    Names are in lower case, because some file systems do not tell `A` from `a`, and bounded, because most file
    systems allow 255 bytes.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", key.lower())[:48].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{readable}.{digest}.json".lstrip(".")


def _decipher(file: Path, content: bytes, key: str) -> str:
    document = _parse(file, content)
    if document.get("format") != _FORMAT or document.get("key") != key:
        raise _untrusted(file, f"it is not the cursor of {key!r}")
    version = document.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise CursorError(f"{file} was written by a newer version of impactive-async: upgrade this one.")
    cursor = document.get("cursor")
    if version != _VERSION or not isinstance(cursor, str):
        raise _untrusted(file, "its content is damaged")
    return cursor


def _parse(file: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _untrusted(file, "it is truncated or damaged") from error
    if not isinstance(document, dict):
        raise _untrusted(file, "it holds no cursor")
    return document


def _untrusted(file: Path, reason: str) -> CursorError:
    return CursorError(
        f"{file} cannot be trusted: {reason}. Restore it from a backup; or delete it, and the feed starts "
        "over as if it had never run."
    )


@contextlib.contextmanager
def _explained(deed: str, file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CursorError(
            f"cannot {deed} the cursor in {file}: {reason}. What was saved before is intact; check that "
            f"{file.parent} is a directory this process may write to, on a disk with room."
        ) from error
