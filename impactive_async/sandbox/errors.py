"""Refusals: how a handler says that the API answers with an error."""

from typing import Any

__all__ = ["BadRequestError", "NotFoundError", "RefusalError"]


class RefusalError(Exception):
    """An error answer of the emulated API."""

    status = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"error": message, **details}


class BadRequestError(RefusalError, ValueError):
    """400: invalid body or query, missing required fields, or a referenced id of another workspace."""

    status = 400


class NotFoundError(RefusalError, LookupError):
    """404: no such id in this workspace."""

    status = 404
