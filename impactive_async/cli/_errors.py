"""What went wrong, for people (one sentence) and for scripts (an exit code)."""

from __future__ import annotations

import traceback
from typing import Final

import attrs

from impactive_async.cli._streams import OutputError, complain
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    BulkError,
    ConfigurationError,
    CursorError,
    DecodeError,
    FeedGapError,
    FencedError,
    HubError,
    ImpactiveError,
    JournalError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)


class UsageError(Exception):
    """What the user typed, or a file they named, will not do; the message says why and what would."""


@attrs.frozen
class Exit:
    """One way a command can end."""

    code: int
    meaning: str
    causes: tuple[type[BaseException], ...] = ()


DONE = Exit(0, "done")
UNEXPECTED = Exit(1, "an unexpected error: please report it")
UNKNOWN_OUTCOME = Exit(11, "a write may have happened although the call failed: look before you repeat it")
READER_GONE = Exit(141, "whoever read the output of a command that only reads went away, as `head` does")
INTERRUPTED = Exit(130, "Ctrl-C; 143 for SIGTERM")
TERMINATED = 143
UNWRITTEN = Exit(
    14, "the output could not be written; the command itself was done: do not repeat a write", (OutputError,)
)

NOT_FOUND = Exit(5, "no such id in this workspace", (NotFoundError,))
INCOMPLETE = Exit(10, "part of the work was not done, and the output says which part", (BulkError,))

_BY_CLASS: Final = (
    Exit(2, "wrong usage: an argument or a file", (UsageError, ValueError, OSError)),
    Exit(3, "set up wrongly: no key, an ill-formed one, a wrong base URL", (ConfigurationError,)),
    Exit(4, "the key was refused", (AuthenticationError, PermissionDeniedError)),
    NOT_FOUND,
    Exit(7, "too many requests, even after waiting", (RateLimitError,)),
    Exit(8, "the server failed, or did not answer as the contract says", (ServerError, DecodeError)),
    Exit(6, "the server refused the request", (APIStatusError,)),
    Exit(9, "no connection, or no answer in time", (APIConnectionError, HubError)),
    INCOMPLETE,
    Exit(
        12, "a cursor or journal is damaged, in use or of something else", (CursorError, JournalError, FencedError)
    ),
    Exit(13, "rows of a feed are out of the API's reach", (FeedGapError,)),
    UNWRITTEN,
)

EXITS: Final = tuple(
    sorted((*_BY_CLASS, UNEXPECTED, UNKNOWN_OUTCOME, INTERRUPTED, READER_GONE), key=lambda e: e.code)
)
"""Every exit code but 0, in order."""

_IDS = "Ids are listed by `impactive sequences list` and `impactive contacts list`."
_HOST = "The host comes from --base-url or IMPACTIVE_BASE_URL."


def exit_code(error: BaseException) -> int:
    """The exit code of an error; an unknown outcome of a write outranks its cause.

    Bulk work that was stopped early has the code of what stopped it. If that left a batch of unknown outcome, the
    next run looks for it by itself.
    """
    if isinstance(error, APIError) and error.outcome_unknown:
        return UNKNOWN_OUTCOME.code
    if isinstance(error, BulkError) and error.__cause__ is not None:
        error = error.__cause__
    return next((way.code for way in _BY_CLASS if isinstance(error, way.causes)), UNEXPECTED.code)


def report(error: Exception, *, debug: bool) -> int:
    """Say what happened on stderr; returns the exit code. The traceback is shown with `debug`, without locals."""
    if debug:
        complain("".join(traceback.format_exception(error)))
    complain(f"impactive: {sentence(error)}")
    return exit_code(error)


def sentence(error: Exception) -> str:
    """What happened and what to do about it, in a line."""
    if isinstance(error, OSError) and not isinstance(error, ImpactiveError):
        return ": ".join(filter(None, (error.strerror or str(error), str(error.filename or ""))))
    if exit_code(error) == UNEXPECTED.code and not isinstance(error, ImpactiveError):
        return (
            f"unexpected {type(error).__name__}: {error}. This is a bug in impactive-async; "
            "--debug shows where, please report it."
        )
    return " ".join(filter(None, (*str(error).split(), _hint(error))))


def _hint(error: Exception) -> str:
    """What the command line can say and the SDK cannot: where its host and ids come from."""
    if isinstance(error, BulkError) and error.__cause__ is not None:
        return "Run the same command again to go on from there."
    if isinstance(error, APIConnectionError) or "base_url" in str(error):
        return _HOST
    return _IDS if isinstance(error, NotFoundError) else ""
