"""Files that appear whole, survive a power cut, and leave nothing half made behind for ever."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_STALE: Final = 3600.0
"""Seconds after which nobody can still be writing a temporary file."""


def replace_file(file: Path, content: bytes, suffix: str) -> None:
    """Put content in the place of a file: a kill or a power cut leaves the old content or the new one.

    The content goes to a temporary file, whose name ends with `suffix`, and is flushed to the disk before it takes
    the name over.
    """
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}.", suffix=suffix)
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


def make_file(file: Path, write: Callable[[Path], None], suffix: str) -> None:
    """Have `write` make a file under a temporary name, and give it its own name when it is whole.

    The temporary name ends with `suffix`. If another process was quicker, its file stays.
    """
    unborn = file.with_name(f"{file.name}.{secrets.token_hex(4)}{suffix}")
    try:
        write(unborn)
        _give_name(unborn, file)
    finally:
        unborn.unlink(missing_ok=True)


def _give_name(unborn: Path, file: Path) -> None:
    try:
        os.link(unborn, file)
    except FileExistsError:
        return
    except OSError:  # a file system without links: renaming might take away what another has written since
        _take_name(unborn, file)
    flush_directory(file.parent)


def _take_name(unborn: Path, file: Path) -> None:
    try:
        with file.open("xb") as born:  # one process alone succeeds
            born.write(unborn.read_bytes())
            born.flush()
            os.fsync(born.fileno())
    except FileExistsError:
        return


def sweep(beside: Path, suffix: str) -> None:
    """Remove the temporary files that killed processes left beside a file that was just written.

    The file system's own clock tells which are stale. What cannot be removed stays: another process may be
    sweeping as well, and the file itself is safe.
    """
    with contextlib.suppress(OSError):
        now = beside.stat().st_mtime
        for temporary in beside.parent.glob(f"*{suffix}*"):
            if now - temporary.stat().st_mtime > _STALE:
                temporary.unlink()


def flush_directory(directory: Path) -> None:
    """Have the names in a directory on the disk, as `fsync` has a file's content."""
    if os.name == "nt":  # a directory cannot be opened there, and a rename is journalled
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_id(path: Path) -> tuple[int, int] | None:
    """Return which file has this path now; `None`: there is none.

    SQLite goes on to write to a file that has lost its name, where nobody will find what it wrote.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
