"""Standard output and error, whatever they are: a terminal, a pipe without a reader, a full disk, closed."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterator

from impactive_async.pages.texts import plain


class OutputError(Exception):
    """Standard output cannot be written. The message says why."""


class ReaderGone(OutputError):  # noqa: N818 - often no error, as with `| head`
    """The reader of our standard output has gone."""


def is_shown() -> bool:
    """Whether standard output is a terminal. `sys.stdout` is `None` if it was closed when we started."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_watched() -> bool:
    """Whether standard error is a terminal, so that somebody sees progress and notes."""
    return sys.stderr is not None and sys.stderr.isatty()


def out_pipe() -> int | None:
    """Return the descriptor of standard output if it is a pipe: a pipe shows that its reader has gone."""
    try:
        descriptor = sys.stdout.fileno()
        return descriptor if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else None
    except (AttributeError, OSError, ValueError):  # closed, or not a file at all
        return None


def write_out(text: str) -> None:
    """Write to standard output in UTF-8, whatever the locale. A lone surrogate is written as an escape.

    Raises:
        OutputError: Standard output cannot be written.
    """
    with output_explained():
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors != "backslashreplace":
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        sys.stdout.write(text)


def flush_out() -> None:
    """Flush standard output. Errors of earlier writes may appear only now.

    Raises:
        OutputError: Standard output cannot be written.
    """
    with output_explained():
        if sys.stdout is not None:
            sys.stdout.flush()


def _wrapped(text: str) -> str:
    """Return text for standard error: on a terminal, lines that are too long are broken between words.

    Words, such as paths and commands, stay whole, so that they can be copied.
    """
    try:
        width = os.get_terminal_size(2).columns if is_watched() else 0
    except OSError:
        width = 0
    if not width or all(len(line) <= width for line in text.split("\n")):
        return text
    from textwrap import TextWrapper

    fold = TextWrapper(
        width, break_long_words=False, break_on_hyphens=False, expand_tabs=False, replace_whitespace=False
    )
    return "\n".join("\n".join(fold.wrap(line)) or line for line in text.split("\n"))


def write_err(text: str) -> None:
    """Write to standard error, without API keys and without control characters.

    An error of standard error itself is ignored: it must not change the exit code of work that is done.
    """
    from impactive_async.errors import redact  # help has nothing to write here, and would pay for it

    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_wrapped(plain(redact(text)).rstrip("\n")) + "\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


@contextlib.contextmanager
def output_explained() -> Iterator[None]:
    """Turn errors of standard output in the block into an `OutputError`."""
    try:
        yield
    except BrokenPipeError:
        _discard(sys.stdout)
        raise ReaderGone("standard output cannot be written: its reader has gone") from None
    except OSError as error:
        _discard(sys.stdout)
        raise OutputError(f"standard output cannot be written: {error.strerror or error}") from None


def _discard(stream: object) -> None:
    """Point a stream to the null device, so that the interpreter can flush it when it exits."""
    if not isinstance(stream, io.TextIOBase):
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(devnull, stream.fileno())
    os.close(devnull)
