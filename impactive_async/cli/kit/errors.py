"""Errors as the command line reports them: one sentence for people, an exit code for scripts."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from impactive_async.cli.kit.streams import OutputError, write_err


class UsageError(Exception):
    """An argument, or a file that it names, is not accepted. The message says why, and what would be."""


class UnreachableError(Exception):
    """Nothing answers where a command connects to. The message says where, and what to do."""


class Exit(NamedTuple):
    """One way in which a command can end. It is a tuple because `--help` lists all, and must not import attrs."""

    code: int
    meaning: str


DONE = Exit(0, "done")
UNEXPECTED = Exit(1, "an unexpected error: please report it")
USAGE = Exit(2, "wrong usage: an argument or a file")
SET_UP = Exit(3, "set up wrongly: no key, an ill-formed one, a wrong base URL")
KEY_REFUSED = Exit(4, "the key was refused")
NOT_FOUND = Exit(5, "no such id in this workspace")
REFUSED = Exit(6, "the server refused the request")
RATE_LIMITED = Exit(7, "too many requests, even after waiting")
SERVER_FAILED = Exit(8, "the server failed, or did not answer as the contract says")
NO_CONNECTION = Exit(9, "no connection, or no answer in time")
INCOMPLETE = Exit(10, "part of the work was not done, and the output says which part")
UNKNOWN_OUTCOME = Exit(11, "a write may have happened although the call failed: look before you repeat it")
DAMAGED = Exit(12, "a cursor or journal is damaged, in use or of something else")
GAP = Exit(13, "rows of a feed are out of the API's reach")
UNWRITTEN = Exit(14, "the output could not be written; the command itself was done: do not repeat a write")
INTERRUPTED = Exit(130, "Ctrl-C; 143 for SIGTERM")
READER_GONE = Exit(141, "whoever read the output of a command that only reads went away, as `head` does")
TERMINATED = 143

EXITS: Final = (
    UNEXPECTED,
    USAGE,
    SET_UP,
    KEY_REFUSED,
    NOT_FOUND,
    REFUSED,
    RATE_LIMITED,
    SERVER_FAILED,
    NO_CONNECTION,
    INCOMPLETE,
    UNKNOWN_OUTCOME,
    DAMAGED,
    GAP,
    UNWRITTEN,
    INTERRUPTED,
    READER_GONE,
)
"""Every exit code but 0, in order."""

_IDS = "Ids are listed by `impactive sequences list` and `impactive contacts list`."
_HOST = "The host comes from --base-url or IMPACTIVE_BASE_URL."


@cache
def _by_class() -> tuple[tuple[Exit, tuple[type[BaseException], ...]], ...]:
    """Return which errors end a command in which way. The first match counts."""
    from impactive_async import errors

    return (
        (SET_UP, (errors.ConfigurationError,)),
        (KEY_REFUSED, (errors.AuthenticationError, errors.PermissionDeniedError)),
        (NOT_FOUND, (errors.NotFoundError,)),
        (RATE_LIMITED, (errors.RateLimitError,)),
        (SERVER_FAILED, (errors.ServerError, errors.DecodeError)),
        (REFUSED, (errors.APIStatusError,)),
        (NO_CONNECTION, (errors.APIConnectionError, errors.HubError, UnreachableError)),
        (INCOMPLETE, (errors.BulkError,)),
        (DAMAGED, (errors.CursorError, errors.JournalError, errors.FencedError)),
        (GAP, (errors.FeedGapError,)),
        (UNWRITTEN, (OutputError,)),
        # Last, as some of ours are a `TimeoutError`, which is an `OSError`, or a `ValueError` too.
        (USAGE, (UsageError, ValueError, OSError)),
    )


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error. A write of unknown outcome has its own code, whatever caused it.

    Bulk work that was stopped early has the code of the error that stopped it: if a batch is of unknown outcome,
    the next run looks for its rows.
    """
    from impactive_async.errors import APIError, BulkError

    if isinstance(error, APIError) and error.outcome_unknown:
        return UNKNOWN_OUTCOME.code
    if isinstance(error, BulkError) and error.__cause__ is not None:
        error = error.__cause__
    return next((way.code for way, causes in _by_class() if isinstance(error, causes)), UNEXPECTED.code)


def report(error: Exception, *, debug: bool) -> int:
    """Write an error to stderr, with its traceback if `debug`. Return the exit code."""
    if debug:
        import traceback

        write_err("".join(traceback.format_exception(error)))
    write_err(f"impactive: {sentence(error)}")
    return exit_code(error)


def sentence(error: Exception) -> str:
    """Return what happened and what to do about it, in one line."""
    from impactive_async.errors import ImpactiveError

    if isinstance(error, OSError) and not isinstance(error, ImpactiveError):
        return ": ".join(filter(None, (error.strerror or str(error), str(error.filename or ""))))
    if exit_code(error) == UNEXPECTED.code and not isinstance(error, ImpactiveError):
        return (
            f"unexpected {type(error).__name__}: {error}. This is a bug in impactive-async; "
            "--debug shows where, please report it."
        )
    return " ".join(filter(None, (*str(error).split(), _hint(error))))


def _hint(error: Exception) -> str:
    """Return what only the command line knows: which options and commands host and ids come from."""
    from impactive_async.errors import APIConnectionError, BulkError, NotFoundError

    if isinstance(error, BulkError) and error.__cause__ is not None:
        return "Run the same command again to go on from there."
    if isinstance(error, APIConnectionError) or "base_url" in str(error):
        return _HOST
    return _IDS if isinstance(error, NotFoundError) else ""
