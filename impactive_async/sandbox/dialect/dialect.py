"""One dialect: everything that a profile decides about the answers of a sandbox."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import define, field

from impactive_async.sandbox.dialect.answers import AnswerPrinter, Printed, answer_printer
from impactive_async.sandbox.dialect.errors import Failure, check_templates, print_error
from impactive_async.sandbox.dialect.nouns import ID_FIELDS
from impactive_async.sandbox.dialect.poison import Poison
from impactive_async.sandbox.dialect.profile.checks import check
from impactive_async.sandbox.dialect.profile.errors import ErrorSettings, error_settings
from impactive_async.sandbox.dialect.profile.operations import OPERATIONS
from impactive_async.sandbox.dialect.profile.settings import OperationSettings, check_patterns, settings_of
from impactive_async.sandbox.dialect.rows import PrinterContext
from impactive_async.sandbox.dialect.values import is_numbered
from impactive_async.sandbox.world.errors import InvalidRequestError
from impactive_async.sandbox.world.times import PRECISIONS, Precision

__all__ = ["Dialect", "make_dialect"]


@define(eq=False)
class Dialect:
    """Prints answers and errors, and reads ids, as a profile says.

    Attributes:
        profile: The profile.
        context: The kinds of ids, the time, and the rows that tests have poisoned.
        stored_precision: Digits of stored timestamps.
        options_status: The status of answers to OPTIONS; `None`: OPTIONS is a verb like any other.
    """

    profile: Mapping[str, Any]
    context: PrinterContext
    stored_precision: Precision
    options_status: int | None
    _ids_as_text: bool
    _printers: Mapping[str, AnswerPrinter]
    _common: OperationSettings
    _errors: Mapping[str, ErrorSettings]
    _numbered: Mapping[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._numbered = {name: noun for name, noun in ID_FIELDS.items() if is_numbered(self.context.ids, noun)}

    def printer(self, operation: str) -> AnswerPrinter:
        """The printer of an operation's answers."""
        return self._printers[operation]

    def settings(self, operation: str | None) -> OperationSettings:
        """The settings of an operation; `None`: those of `*`, for a request that has no operation."""
        return self._common if operation is None else self._printers[operation].settings

    def error(self, failure: Failure, method: str, path: str) -> Printed:
        """Print an error."""
        return print_error(self._errors, failure, method, path)

    def poison(self, noun: str, row_id: str, poison: Poison | None) -> None:
        """Print a row with this poison in it, wherever it is shown; `None`: as it is."""
        if poison is None:
            self.context.poisoned.pop((noun, row_id), None)
        else:
            self.context.poisoned[noun, row_id] = poison

    def read_ids(self, body: Any) -> Any:
        """A request body with all ids as text, as the state has them.

        Raises:
            InvalidRequestError: An id is text, and the dialect takes numbers only.
        """
        if not self._numbered:
            return body
        if isinstance(body, list):
            return [self.read_ids(item) for item in body]
        if not isinstance(body, dict):
            return body
        return {name: self._read_id(name, value) for name, value in body.items()}

    def _read_id(self, name: str, value: Any) -> Any:
        if name not in self._numbered:
            return value
        if isinstance(value, list):
            return [self._read_id(name, item) for item in value]
        if isinstance(value, str) and not self._ids_as_text:
            raise InvalidRequestError(f"{name} must be a number")
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def make_dialect(profile: Mapping[str, Any], now: Callable[[], datetime], old: Dialect | None = None) -> Dialect:
    """The dialect of a profile; `now` is the present time of the sandbox.

    It takes over from `old` the kinds of ids, which rows have already, and the rows that tests have poisoned.

    Raises:
        ValueError: A value is not one that the format knows; the message names the key.
    """
    patterns = profile.get("operations", {})
    check_patterns(patterns)
    context = PrinterContext(_ids(profile.get("ids", {})), now) if old is None else old.context
    errors = error_settings(profile.get("errors", {}))
    check_templates(errors)
    printers = {name: answer_printer(name, settings_of(patterns, name), context) for name in OPERATIONS}
    return Dialect(
        profile=profile,
        context=context,
        stored_precision=check("stored_precision", profile.get("stored_precision", "milliseconds"), PRECISIONS),
        options_status=_options_status(profile.get("options")),
        ids_as_text=check("ids_as_text", profile.get("ids_as_text", True), (True, False)),
        printers=printers,
        common=settings_of(patterns, None),
        errors=errors,
    )


def _ids(ids: Any) -> Mapping[str, str]:
    if not isinstance(ids, Mapping):
        raise ValueError("ids must be an object")
    return {noun: check(f"ids[{noun!r}]", kind, ("text", "number")) for noun, kind in ids.items()}


def _options_status(options: Any) -> int | None:
    if options is None:
        return None
    if not isinstance(options, Mapping):
        raise ValueError("options must be null, or an object with a status")
    status: int = check("options.status", options.get("status", 200), tuple(range(200, 300)))
    return status
