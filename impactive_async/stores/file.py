"""Cursors as small JSON files in a directory, one per key.

One file per key, because then two processes that share the directory cannot lose each other's keys, and a
save costs the same however many feeds there are. A file is replaced, never written into: new content goes to
a temporary file that is flushed to the disk before it takes the name over, and the directory is flushed
after. A kill at any moment leaves the old cursor or the new one, and at worst a temporary file that nobody
reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from impactive_async.errors import CursorError
from impactive_async.stores.durable import flush_directory
from impactive_async.stores.serial import SerialThread

_FORMAT = "impactive-async cursor"
_VERSION = 1
_TEMPORARY = ".cursor-tmp"  # ours beyond doubt, in whatever directory the user chose
_STALE = 3600.0  # seconds after which a temporary file cannot belong to a save still under way


class FileCursorStore:
    """A directory of cursors, made on the first save.

    Several feeds, several stores and several processes may share the directory. Two that save the *same* key
    overwrite each other, the later save wins: give each consumer its own key.

    Args:
        path: The directory.

    Raises:
        CursorError: From `load` and `save`, when a file is damaged or not ours, or the disk refuses. The
        message names
            the file and says what to do; whatever was stored is left as it was.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._thread = SerialThread("impactive-cursors")
        self._swept = False

    def __repr__(self) -> str:
        return f"FileCursorStore({str(self.path)!r})"

    async def load(self, key: str) -> str | None:
        """The cursor last saved under `key`, or None if there never was one."""
        return await self._thread.run(partial(self._load, key))

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`; once this returns, it survives a kill and a power cut."""
        await self._thread.run(partial(self._save, key, cursor))

    def _load(self, key: str) -> str | None:
        file = self.path / file_name(key)
        with _explained("read", file):
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                return None
        return _decipher(file, content, key)

    def _save(self, key: str, cursor: str) -> None:
        file = self.path / file_name(key)
        document = {"format": _FORMAT, "version": _VERSION, "key": key, "cursor": cursor}
        with _explained("save", file):
            self.path.mkdir(parents=True, exist_ok=True)
            _replace(file, json.dumps(document).encode())
            self._sweep_once(file)

    def _sweep_once(self, saved: Path) -> None:
        """Remove what killed processes left behind, by the file system's own clock."""
        if self._swept:
            return
        self._swept = True
        with contextlib.suppress(OSError):  # another process may be sweeping as well; the save itself is done
            now = saved.stat().st_mtime
            for stale in self.path.glob(f"*{_TEMPORARY}"):
                if now - stale.stat().st_mtime > _STALE:
                    stale.unlink()


def file_name(key: str) -> str:
    """A name for any key: the hash tells keys apart, the readable part is for people.

    Lower case only, as some file systems do not tell `A` from `a`; bounded, as most take 255 bytes.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", key.lower())[:48].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{readable}.{digest}.json".lstrip(".")


def _replace(file: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}.", suffix=_TEMPORARY)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)  # noqa: PTH105 - the atomic step goes by its known name
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    flush_directory(file.parent)


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
