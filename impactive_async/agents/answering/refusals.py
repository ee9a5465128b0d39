"""Errors as a tool tells them: what happened, what is known of the outcome, and what to do next."""

from __future__ import annotations

from typing import Final

from impactive_async.agents.text.fence import fence
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BulkError,
    ConfigurationError,
    CursorError,
    DecodeError,
    HubError,
    ImpactiveError,
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

_QUOTED: Final = 300
"""Characters of a server's message that are shown."""


class ToolRefused(Exception):  # noqa: N818 - no error of the program: the agent is told, and may act on it
    """A tool does not do what it was called for. The message says why, and what to do instead."""


_LOOK_FIRST: Final = (
    "OUTCOME UNKNOWN: the write was sent, and no usable answer came. It may have been carried out. Do not"
    " repeat it before you have looked: find_people for contacts, list_records(kind='sequences') and show_sequence"
    " for sequences, steps and enrollments, list_records(kind='bookings') for bookings."
)
_WAYS_OUT: Final[tuple[tuple[type[ImpactiveError], str], ...]] = (
    (
        AuthenticationError,
        "The API key is refused. Only a person can help: a new key, in the settings of this server.",
    ),
    (PermissionDeniedError, "The API key may not do this. Tell the user; do not try again."),
    (NotFoundError, "There is no such id in this workspace. Look it up with find_people or list_records."),
    (RateLimitError, "The service asks for fewer requests. Wait a minute, then call again."),
    (ServerError, "The service failed. Wait a minute and call again; if it goes on, tell the user."),
    (APITimeoutError, "The service did not answer in time. Wait a minute and call again."),
    (
        APIConnectionError,
        "The service cannot be reached. Wait a minute and call again; if it goes on, tell the user.",
    ),
    (
        DecodeError,
        "The service answered in a way that cannot be read. Tell the user; calling again will not help.",
    ),
    (APIStatusError, "The service refused it. Correct the arguments; do not repeat the same call."),
    (ConfigurationError, "This server is set up wrongly. Only a person can help."),
    (InvalidArgumentError, "Correct the arguments."),
    (JournalError, "The record of this job is in use or damaged. Tell the user."),
    (
        CursorError,
        "What this server keeps of the changes cannot be used. Only a person can help: changes.db in the folder of"
        " --state has to be moved away. Until then use list_records with since.",
    ),
    (HubError, "The hub cannot be reached. Wait a minute and call again."),
)


def explain(error: ImpactiveError) -> str:
    """Return what a tool tells of an error. A server's own words are fenced."""
    if isinstance(error, APIError) and error.outcome_unknown:
        return outcome_unknown(error)
    cause = error.__cause__
    if isinstance(error, BulkError) and isinstance(cause, ImpactiveError):
        return f"It was stopped early. {explain(cause)}"
    way_out = next((text for kind, text in _WAYS_OUT if isinstance(error, kind)), "Tell the user.")
    return " ".join(filter(None, (way_out, _where(error), _said(error))))


def outcome_unknown(error: APIError) -> str:
    """Return what a tool tells of a write that may have been carried out."""
    return " ".join(
        filter(
            None,
            (
                _LOOK_FIRST,
                _where(error),
            ),
        )
    )


def _where(error: ImpactiveError) -> str:
    if not isinstance(error, APIError) or not error.method:
        return ""
    status = f", status {error.status}" if isinstance(error, APIStatusError) else ""
    tries = f", after {error.attempts} attempts" if error.attempts > 1 else ""
    return f"({error.method} {fence(error.path, 120)}{status}{tries})"


def _said(error: ImpactiveError) -> str:
    message = error.message if isinstance(error, APIError) else str(error)
    return f"Message: {fence(message, _QUOTED)}" if message else ""
