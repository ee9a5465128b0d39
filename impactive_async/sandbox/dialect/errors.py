"""How a dialect prints errors: by kind, as JSON or as HTML, with the status of the dialect."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from impactive_async.sandbox.dialect.answers import Printed
from impactive_async.sandbox.dialect.profile.errors import ErrorSettings
from impactive_async.sandbox.dialect.templates import fill

__all__ = ["Failure", "check_templates", "print_error"]


@frozen(kw_only=True)
class Failure:
    """One error to be answered.

    Attributes:
        kind: One of `ERROR_KINDS`; any other name, such as that of a fault, has the settings of `*` alone.
        message: What is wrong.
        details: Further fields of the document.
        status: The status, where the settings do not decide.
        allow: The verbs that the path has.
        headers: Headers that belong to the error.
    """

    kind: str
    message: str
    details: Mapping[str, Any] = field(factory=dict)
    status: int | None = None
    allow: Sequence[str] = ()
    headers: Mapping[str, str] = field(factory=dict)


def check_templates(settings: Mapping[str, ErrorSettings]) -> None:
    """Check that the templates have no placeholder that does not exist.

    Raises:
        ValueError: One has; the message names the kind.
    """
    for kind, chosen in settings.items():
        try:
            fill(chosen.answer, _values(chosen, Failure(kind=kind, message=""), "", ""))
        except ValueError as error:
            raise ValueError(f"errors[{kind!r}]: {error}") from None


def print_error(settings: Mapping[str, ErrorSettings], failure: Failure, method: str, path: str) -> Printed:
    """Print an error as the dialect answers it."""
    chosen = settings.get(failure.kind, settings["*"])
    status = failure.status or chosen.status
    headers = {**chosen.headers, **failure.headers}
    if chosen.allow and failure.allow:
        headers["Allow"] = ", ".join(failure.allow)
    values = _values(chosen, failure, method, path)
    if chosen.html is not None:
        return _print_html(chosen.html, status, headers, values)
    document = fill(chosen.answer, values)
    if isinstance(document, dict):
        document = {**document, **failure.details}
    return Printed(status=status, content=document, headers=headers)


def _print_html(page: str, status: int, headers: Mapping[str, str], values: Mapping[str, Any]) -> Printed:
    for name, value in values.items():
        page = page.replace(name, html.escape(str(value)))
    return Printed(status=status, kind="html" if page else "none", content=page, headers=headers)


def _values(settings: ErrorSettings, failure: Failure, method: str, path: str) -> dict[str, Any]:
    status = failure.status or settings.status
    return {"$message": failure.message, "$status": status, "$method": method, "$path": path}
