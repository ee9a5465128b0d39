"""Plain data from images and back. Free values are rows' own fields: what JSON lacks is tagged in them."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError

from impactive_async.sandbox.http.faults import Fault
from impactive_async.sandbox.snapshot.document import SnapshotError

__all__ = ["from_plain", "to_plain"]

Image = TypeVar("Image")
_MOMENT: Final = "$moment"
_DAY: Final = "$day"
_BYTES: Final = "$bytes"


def to_plain(image: Any) -> Any:
    """Return an image as JSON has it.

    Raises:
        SnapshotError: A row or a fault holds what no file can.
    """
    return _converter.unstructure(image)


def from_plain(value: Any, kind: type[Image]) -> Image:
    """Return the image that plain data describe.

    Raises:
        SnapshotError: They describe none. The message names the place.
    """
    try:
        return _converter.structure(value, kind)
    except (BaseValidationError, ValueError, TypeError, KeyError) as error:
        raise SnapshotError(f"the snapshot is damaged: {'; '.join(transform_error(error)[:3])}") from None


def _tagged(value: Any) -> Any:
    match value:
        case None | str() | int() | float():
            return value
        case datetime():
            return {_MOMENT: value.isoformat()}
        case date():
            return {_DAY: value.isoformat()}
        case bytes():
            return {_BYTES: b64encode(value).decode()}
        case Mapping():
            return {name: _tagged(one) for name, one in value.items()}
        case list() | tuple():
            return [_tagged(one) for one in value]
    raise SnapshotError(f"a {type(value).__name__} cannot be saved in a file")


def _untagged(value: Any) -> Any:
    match value:
        case {"$moment": str(text), **rest} if not rest:
            return datetime.fromisoformat(text)
        case {"$day": str(text), **rest} if not rest:
            return date.fromisoformat(text)
        case {"$bytes": str(text), **rest} if not rest:
            return b64decode(text)
        case dict():
            return {name: _untagged(one) for name, one in value.items()}
        case list():
            return [_untagged(one) for one in value]
    return value


def _fault_fields(fault: Fault) -> dict[str, Any]:
    if fault.hold is not None:
        raise SnapshotError("a fault holds requests until an event of this program; clear it first")
    return {one.name: _tagged(getattr(fault, one.name)) for one in attrs.fields(Fault) if one.name != "hold"}


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value  # an int stays one, so that a snapshot of what was restored has the same bytes


def _is_free(kind: Any) -> bool:
    return get_origin(kind) is Mapping and kind.__args__ == (str, Any)


def _make_converter() -> Converter:
    made = Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    made.register_unstructure_hook(timedelta, timedelta.total_seconds)
    made.register_structure_hook(timedelta, lambda seconds, _: timedelta(seconds=seconds))
    made.register_structure_hook(float, _number)
    made.register_unstructure_hook(Fault, _fault_fields)
    made.register_structure_hook(Fault, lambda fields, _: Fault(**_untagged(fields)))
    made.register_unstructure_hook_func(_is_free, _tagged)
    made.register_structure_hook_func(_is_free, lambda fields, _: _untagged(fields))
    return made


_converter: Final = _make_converter()
