"""One request and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final

import attrs


class NoDocument:
    """The type of `NOT_JSON`."""


NOT_JSON: Final = NoDocument()
"""The document of an answer that is no JSON."""


@attrs.frozen(slots=False)
class Exchange:
    """One request and its answer.

    Attributes:
        method: The verb.
        template: The path with `:id` in the place of ids, which others may see.
        path: The path that was asked for.
        query: The parameters.
        body: What was sent.
        status: The status; 0 if no answer came.
        headers: The answer's headers, with names in small letters.
        content: The answer's body.
        seconds: From the request to the last byte.
        at: When the answer was complete: seconds since 1970 by this machine.
        trouble: Why no answer came, in our words.
    """

    method: str
    template: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    body: Any = None
    status: int = 0
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content: bytes = b""
    seconds: float = 0.0
    at: float = 0.0
    trouble: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success and the body does not say that the server refused."""
        return 200 <= self.status < 300 and not self.refused_in_success

    @property
    def refused_in_success(self) -> bool:
        """Whether the status is one of success, and the body says that the server refused."""
        document = self.document
        if not 200 <= self.status < 300 or not isinstance(document, dict):
            return False
        failed = document.get("success") is False or document.get("ok") is False
        return failed or (bool(document.get("error")) and not _has_row(document))

    @property
    def date(self) -> float | None:
        """The answer's `Date`: seconds since 1970; `None` if it has none."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None

    @cached_property
    def document(self) -> Any:
        """The body as JSON; `None` if it is empty, `NOT_JSON` if it is something else."""
        if not self.content.strip():
            return None
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return NOT_JSON


def _has_row(document: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in document.values())
