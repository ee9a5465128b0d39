"""Standard output and standard error as they may be: a terminal, a pipe nobody reads, a full disk, closed."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Iterator

from impactive_async.errors import redact

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class OutputError(Exception):
    """Standard output cannot be written; the message says why."""


class ReaderGone(OutputError):  # noqa: N818 - mostly no error: `| head` has seen enough
    """Whoever read our standard output has gone."""


def is_shown() -> bool:
    """Whether standard output is a terminal; the interpreter has none if it was closed when we started."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_watched() -> bool:
    """Whether standard error is a terminal: somebody sees what happens meanwhile."""
    return sys.stderr is not None and sys.stderr.isatty()


def write_out(text: str) -> None:
    """Write to standard output, in UTF-8 whatever the locale: JSON is, and a lone surrogate is an escape in it.

    Raises:
        OutputError: It cannot be written.
    """
    with output_explained():
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors != "backslashreplace":
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        sys.stdout.write(text)


def flush_out() -> None:
    """Hand on what was written: only now may it turn out that it cannot be.

    Raises:
        OutputError: It cannot.
    """
    with output_explained():
        if sys.stdout is not None:
            sys.stdout.flush()


def complain(text: str) -> None:
    """Print to stderr what may quote a server or a file: without keys and without control characters.

    If nobody can hear it, that changes nothing about what was done, and so nothing about the exit code.
    """
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(plain(redact(text)).rstrip("\n") + "\n")
        sys.stderr.flush()
    except OSError:
        _divert(sys.stderr)


def plain(text: str) -> str:
    """The text without what would steer a terminal; tabs and line ends stay."""
    return _CONTROL.sub("�", text)


@contextlib.contextmanager
def output_explained() -> Iterator[None]:
    """Raise an `OutputError` for what standard output fails with inside."""
    try:
        yield
    except BrokenPipeError:
        _divert(sys.stdout)
        raise ReaderGone("standard output cannot be written: its reader has gone") from None
    except OSError as error:
        _divert(sys.stdout)
        raise OutputError(f"standard output cannot be written: {error.strerror or error}") from None


def _divert(stream: object) -> None:
    """Keep the interpreter from failing once more, as it exits, over what the stream still holds."""
    if not isinstance(stream, io.TextIOBase):
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(devnull, stream.fileno())
    os.close(devnull)
