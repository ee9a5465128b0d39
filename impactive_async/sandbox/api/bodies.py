"""The fields that the API accepts in each kind of body, as tables, and the functions that check bodies by them."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import field, frozen

from impactive_async.sandbox.world.errors import InvalidRequestError
from impactive_async.sandbox.world.times import parse_day_or_moment, parse_moment, print_moment
from impactive_async.sandbox.world.world import World

__all__ = [
    "BOOKING",
    "COMPANY",
    "CONTACT",
    "DEAL",
    "ENROLL",
    "PAUSE",
    "SEQUENCE",
    "SEQUENCE_CHANGES",
    "STEP",
    "Body",
    "Shape",
    "read",
    "read_changes",
]

Check = Callable[[World, Any, str], Any]
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,6})?", re.ASCII)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_LONGEST_DELAY = 3650  # days; a limit of the sandbox, whose calendar ends in the year 9999


@frozen
class Body:
    """A body that has been read: checked fields, and the custom ones beside them."""

    known: Mapping[str, Any]
    extra: Mapping[str, Any]

    @property
    def all(self) -> dict[str, Any]:
        """Both together, as plain tables store them."""
        return {**self.known, **self.extra}


@frozen
class Shape:
    """The fields of one kind of body.

    Attributes:
        fields: Check of each field.
        required: Those that a create must name.
        fixed: Those that `null` cannot clear.
        derived: Names the server computes; ignored when sent.
        closed: Unknown fields are refused, because a misspelt one would change who is enrolled or paused.
    """

    fields: Mapping[str, Check]
    required: Collection[str] = ()
    fixed: Collection[str] = ()
    derived: Collection[str] = field(default=())
    closed: bool = False


def read(world: World, shape: Shape, raw: Any, where: str = "") -> Body:
    """Check a body that creates something.

    Raises:
        InvalidRequestError: Its message names the offending field, after `where`.
    """
    body = read_changes(world, shape, raw, where)
    for name in shape.required:
        if name not in body.known:
            raise InvalidRequestError(f"{where}{name} is required")
    return body


def read_changes(world: World, shape: Shape, raw: Any, where: str = "") -> Body:
    """Check a body that names only what is to change.

    Raises:
        InvalidRequestError: Its message names the offending field, after `where`.
    """
    if not isinstance(raw, dict):
        raise InvalidRequestError(f"{where.rstrip('.') or 'the body'} must be an object")
    known, extra = {}, {}
    for name, value in raw.items():
        if name in shape.fields:
            known[name] = _checked(world, shape, name, value, where + name)
        elif shape.closed:
            raise InvalidRequestError(f"{where}{name} is not a field of this request")
        elif name not in _SERVER_OWNED and name not in shape.derived:
            extra[name] = value
    return Body(known, extra)


def _checked(world: World, shape: Shape, name: str, value: Any, where: str) -> Any:
    if value is not None:
        return shape.fields[name](world, value, where)
    if name in shape.fixed:
        raise InvalidRequestError(f"{where} must not be null")
    return None


def _text(_: World, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequestError(f"{where} must be a string")
    return value


def _address(world: World, value: Any, where: str) -> str:
    if world.rules.strict and not _ADDRESS.fullmatch(_text(world, value, where)):
        raise InvalidRequestError(f"{where} must be an email address")
    return _text(world, value, where)


def _filled(world: World, value: Any, where: str) -> str:
    if not _text(world, value, where):
        raise InvalidRequestError(f"{where} must not be empty")
    return str(value)


def _money(_: World, value: Any, where: str) -> Any:
    """A number, or a decimal written as a string; given back as it came."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(f"{where} must be a number")
    return value


def _day_or_moment(_: World, value: Any, where: str) -> str:
    try:
        parse_day_or_moment(value)
    except (TypeError, ValueError, AttributeError):
        raise InvalidRequestError(f"{where} must be an ISO 8601 date or timestamp") from None
    return str(value)


def _moment(world: World, value: Any, where: str) -> str:
    try:
        return print_moment(parse_moment(value), world.rules.stored_precision)
    except (ValueError, AttributeError, OverflowError):
        raise InvalidRequestError(f"{where} must be an ISO 8601 timestamp with an offset") from None


def _whole(most: int | None = None) -> Check:
    def check(_: World, value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise InvalidRequestError(f"{where} must be a whole number")
        if value < 0 or (most is not None and value > most):
            raise InvalidRequestError(f"{where} must be at least 0" + (f" and at most {most}" if most else ""))
        return int(value)

    return check


def _one_of(*choices: str) -> Check:
    def check(_: World, value: Any, where: str) -> str:
        if value not in choices:
            raise InvalidRequestError(f"{where} must be one of {', '.join(choices)}")
        return str(value)

    return check


def _known_id(find: Callable[[World], Any]) -> Check:
    """An id of this workspace; one of another workspace looks just like one that does not exist."""

    def check(world: World, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise InvalidRequestError(f"{where} must be a string")
        if value not in find(world):
            raise InvalidRequestError(f"{where} does not belong to this workspace")
        return value

    return check


def _ids(_: World, value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidRequestError(f"{where} must be an array of ids")
    return value


def _some_ids(world: World, value: Any, where: str) -> list[str]:
    if not _ids(world, value, where):
        raise InvalidRequestError(f"{where} must not be empty; omit it to mean everyone")
    return list(value)


def _steps(world: World, value: Any, where: str) -> list[Body]:
    if not isinstance(value, list):
        raise InvalidRequestError(f"{where} must be an array")
    return [read(world, _INLINE_STEP, item, f"{where}[{place}].") for place, item in enumerate(value)]


_SERVER_OWNED = frozenset({"id", "createdAt", "updatedAt"})
_CONTACT_ID = _known_id(lambda world: world.tables["contacts"])
_COMPANY_ID = _known_id(lambda world: world.tables["companies"])

CONTACT = Shape(
    fields={
        "firstName": _filled,
        "lastName": _filled,
        "email": _address,
        "phone": _text,
        "title": _text,
        "companyId": _COMPANY_ID,
    },
    required=("firstName", "lastName"),
    fixed=("firstName", "lastName"),
    derived=("companyName",),
)
COMPANY = Shape(
    fields={"name": _filled, "website": _text, "industry": _text, "email": _address, "phone": _text},
    required=("name",),
    fixed=("name",),
)
DEAL = Shape(
    fields={
        "name": _filled,
        "value": _money,
        "currency": _text,
        "stageId": _known_id(lambda world: world.deal_stages),
        "companyId": _COMPANY_ID,
        "contactId": _CONTACT_ID,
        "expectedCloseDate": _day_or_moment,
    },
    required=("name",),
    fixed=("name",),
    derived=("stageName", "companyName", "primaryContactName"),
)
BOOKING = Shape(
    fields={
        "title": _text,
        "startTime": _moment,
        "endTime": _moment,
        "contactId": _CONTACT_ID,
        "guestName": _text,
        "guestEmail": _address,
        "notes": _text,
        "status": _text,
    },
)
_STEP_FIELDS = {"subject": _filled, "body": _filled, "delayDays": _whole(_LONGEST_DELAY)}
_STEP_NAMES = tuple(_STEP_FIELDS)
_INLINE_STEP = Shape(
    fields=_STEP_FIELDS, required=_STEP_NAMES, fixed=_STEP_NAMES, derived=("sequenceId", "position")
)
STEP = Shape(
    fields={**_STEP_FIELDS, "position": _whole()},
    required=_STEP_NAMES,
    fixed=(*_STEP_NAMES, "position"),
    derived=("sequenceId",),
)
_SEQUENCE_FIELDS = {
    "name": _filled,
    "description": _text,
    "status": _one_of("draft", "active", "paused", "archived"),
    "sendingAccountId": _known_id(lambda world: world.accounts),
}
SEQUENCE = Shape(
    fields={**_SEQUENCE_FIELDS, "steps": _steps},
    required=("name",),
    fixed=("name", "status", "steps"),
    derived=("stepCount", "enrollmentCounts"),
)
SEQUENCE_CHANGES = Shape(
    fields=_SEQUENCE_FIELDS, fixed=("name", "status"), derived=("steps", "stepCount", "enrollmentCounts")
)
ENROLL = Shape(
    fields={"contactIds": _ids, "tagIds": _ids, "listIds": _ids},
    fixed=("contactIds", "tagIds", "listIds"),
    closed=True,
)
PAUSE = Shape(fields={"contactIds": _some_ids}, fixed=("contactIds",), closed=True)
