"""Refusals: a handler raises one to answer with an error status."""

from typing import Any

__all__ = ["InvalidRequestError", "RefusalError", "UnknownIdError"]


class RefusalError(Exception):
    """An error answer of the emulated API."""

    kind = "invalid"  # of the errors of a profile

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class InvalidRequestError(RefusalError, ValueError):
    """An invalid body or query, a missing field, or an id of another workspace inside a body."""


class UnknownIdError(RefusalError, LookupError):
    """An id in the path that this workspace does not have."""

    kind = "not_found"
