"""Where the bytes of a table come from: a file, a compressed one, or a stream that is kept until the end."""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import attrs

from impactive_async.cli.kit.errors import UsageError

_GZIP: Final = b"\x1f\x8b"
_STREAMS: Final = (Path("/dev"), Path("/proc"))
START: Final = 65_536
"""Bytes by which the kind of a file is told."""


@attrs.frozen(kw_only=True)
class Origin:
    """Bytes that can be read any number of times."""

    name: str
    """What messages call it."""
    place: Path | None
    """The file as the user named it, beside which others may be put; `None` for a stream."""
    path: Path
    """Where the bytes are."""
    compressed: bool

    @property
    def size(self) -> int:
        """How many bytes are stored."""
        return self.path.stat().st_size

    def stamp(self) -> tuple[int, int]:
        """What changes with the content."""
        status = self.path.stat()
        return status.st_mtime_ns, status.st_size

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """The bytes from the beginning; and the file they are stored in, which tells how far it is read.

        Raises:
            UsageError: They are compressed, and damaged.
            OSError: They cannot be read.
        """
        with self.path.open("rb") as stored:
            if not self.compressed:
                yield stored, stored
                return
            try:
                with gzip.GzipFile(fileobj=stored) as unpacked:
                    yield cast("BinaryIO", unpacked), stored
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise UsageError(
                    f"{self.name} is compressed, and damaged or cut off ({error}). Compress or copy it again."
                ) from None

    def start(self) -> bytes:
        """The first bytes."""
        with self.open() as (file, _):
            return file.read(START)


@contextmanager
def opened(path: Path) -> Iterator[Origin]:
    """Make the bytes of a path readable while the block runs; `-` is standard input.

    A stream is copied to a temporary file, which is deleted at the end.

    Raises:
        UsageError: It is a directory, or standard input is closed.
        OSError: It cannot be read.
    """
    if str(path) == "-":
        with _spooled(_standard_input()) as spool:
            yield _origin(spool, "standard input", None)
        return
    if path.is_dir():
        raise UsageError(f"{path} is a directory, not a file.")
    if path.exists() and _is_stream(path):
        with path.open("rb") as stream, _spooled(stream) as spool:
            yield _origin(spool, str(path), None)
        return
    yield _origin(path, str(path), path)


def _is_stream(path: Path) -> bool:
    return not path.is_file() or any(path.is_relative_to(folder) for folder in _STREAMS)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("Standard input is closed; give a file, or pipe one in.")
    return sys.stdin.buffer


@contextmanager
def _spooled(stream: BinaryIO) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="impactive-") as folder:
        spool = Path(folder) / "input"
        with spool.open("wb") as file:
            shutil.copyfileobj(stream, file)
        yield spool


def _origin(path: Path, name: str, place: Path | None) -> Origin:
    with path.open("rb") as file:
        start = file.read(len(_GZIP))
    return Origin(name=name, place=place, path=path, compressed=start == _GZIP)
