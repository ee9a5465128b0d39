"""How pydantic, and FastAPI by it, reads, writes and describes rows. Only pydantic itself calls this."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from pydantic_core import core_schema

from impactive_async._codec.interchange.dicts import to_dict
from impactive_async._codec.interchange.reading import from_dict
from impactive_async._codec.interchange.schema import named_object
from impactive_async.errors import InvalidArgumentError

T = TypeVar("T")


def core_schema_of(cls: type) -> core_schema.CoreSchema:
    """Return how pydantic reads and writes rows of a class: by `from_dict` and `to_dict`."""
    return core_schema.no_info_plain_validator_function(
        partial(_validate, cls),
        ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        serialization=core_schema.plain_serializer_function_ser_schema(to_dict),
    )


def json_schema_of(cls: type, mode: str) -> dict[str, Any]:
    """Return how pydantic describes rows of a class: `json_schema`, and for output with every key."""
    return named_object(cls, complete=mode == "serialization")


def _validate(cls: type[T], value: object) -> T:
    if isinstance(value, cls):
        return value
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"a {cls.__name__}, or an object with its fields, is expected")
    return from_dict(cls, value)
