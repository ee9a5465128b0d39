"""Schemas of request bodies: they stand in the OpenAPI document, and bodies are checked against them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from impactive_async.sandbox.populations import population
from impactive_async.sandbox.world.times import parse_moment

__all__ = [
    "Member",
    "array",
    "boolean",
    "check",
    "choice",
    "integer",
    "moment",
    "number",
    "objects",
    "size",
    "text",
]


@frozen
class Member:
    """One member of a request body.

    Attributes:
        schema: What the OpenAPI document says of it.
        read: Turns the JSON value into the Python one; raises `ValueError` or `TypeError` where it cannot.
        required: Whether it must be there.
    """

    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    required: bool = False


Body = Mapping[str, Member]

_NAMES: Final = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def check(fields: Body, body: Any) -> dict[str, Any]:
    """Return the members of a body as Python values.

    Raises:
        ValueError: It is no object, or a member is missing, unknown, or of another type. The message names it.
    """
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    unknown = sorted(body.keys() - fields.keys())
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(sorted(fields))}")
    missing = sorted(name for name, one in fields.items() if one.required and name not in body)
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")
    return {name: _read(name, fields[name], value) for name, value in body.items()}


def _read(name: str, field: Member, value: Any) -> Any:
    types = field.schema["type"]
    types = [types] if isinstance(types, str) else types
    if not isinstance(value, tuple(kind for one in types for kind in _NAMES[one])) or (
        isinstance(value, bool) and "boolean" not in types
    ):
        raise ValueError(f"{name} must be {' or '.join(types)}")
    if "enum" in field.schema and value not in field.schema["enum"]:
        raise ValueError(f"{name} must be one of {', '.join(map(str, field.schema['enum']))}")
    try:
        return None if value is None else field.read(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from None


def _field(kind: str, description: str, *, null: bool, required: bool, read: Any = None, **more: Any) -> Member:
    schema = {"type": [kind, "null"] if null else kind, "description": description, **more}
    return Member(schema, read or (lambda value: value), required)


def text(description: str, *, null: bool = False, required: bool = False) -> Member:
    """Text."""
    return _field("string", description, null=null, required=required)


def choice(description: str, *values: str, required: bool = False) -> Member:
    """One of these words."""
    return _field("string", description, null=False, required=required, enum=list(values))


def number(description: str, *, null: bool = False, required: bool = False) -> Member:
    """A number."""
    return _field("number", description, null=null, required=required)


def integer(description: str, *, null: bool = False, required: bool = False) -> Member:
    """A whole number."""
    return _field("integer", description, null=null, required=required)


def boolean(description: str) -> Member:
    """True or false."""
    return _field("boolean", description, null=False, required=False)


def size(description: str) -> Member:
    """How many rows: a word, or true or false."""
    schema = {"type": ["string", "boolean"], "description": description}
    return Member(schema, population)


def objects(description: str, *, required: bool = False) -> Member:
    """An object of any members."""
    return _field("object", description, null=False, required=required)


def array(description: str, *values: str) -> Member:
    """A list of words out of these."""

    def read(given: list[Any]) -> list[Any]:
        strange = [one for one in given if one not in values]
        if strange:
            raise ValueError(f"{strange[0]!r} is not one of {', '.join(values)}")
        return given

    items = {"type": "string", "enum": list(values)}
    return _field("array", description, null=False, required=False, read=read, items=items)


def moment(description: str, *, null: bool = False, required: bool = False) -> Member:
    """An ISO 8601 moment with a time zone."""
    return _field("string", description, null=null, required=required, read=parse_moment, format="date-time")
