"""Values in other forms than the contract's, put into its form. Nothing is invented, and nothing is dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias, get_args, get_origin

import attrs

from impactive_async._codec.fields import Field, fields_of, is_open_enum
from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant.envelopes import find_rows
from impactive_async._codec.tolerant.ids import noun_of_field
from impactive_async._codec.tolerant.markers import is_marker
from impactive_async._codec.tolerant.notes import current
from impactive_async._codec.tolerant.nouns import plural_of

Deviate: TypeAlias = Callable[[str], None]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: Final = (10**8, 10**11)
"""Numbers within are seconds since 1970: from 1973 to the year 5138."""
_MILLISECONDS: Final = (10**11, 10**14)
_MICROSECONDS: Final = (10**14, 10**17)
_THOUSANDS: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_NEARLY_ISO: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d(:\d\d([.,]\d+)?)?)"
    r" ?(?P<offset>[zZ]|UTC|GMT|[+-]\d\d(:?\d\d)?)(\[[\w/+-]+\])?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)
_ADDRESS: Final = re.compile(r'(?:[^",]|"[^"]*"|")++')
"""What stands between commas. A comma within quotes is part of a name."""


def in_contracts_form(cls: type, row: Mapping[str, Any], deviate: Deviate) -> dict[str, Any]:
    """Return a row whose values have the forms that the contract gives them, as far as they can be told.

    Args:
        cls: The row's class.
        row: The row's plain value, with its fields under their wire names.
        deviate: Told of each form that is not the contract's.
    """
    repaired = dict(row)
    for field in fields_of(cls):
        if field.wire in row:
            repaired[field.wire] = _value(field, row[field.wire], deviate)
            if get_origin(field.type) is tuple and _names_people(field, row[field.wire]):
                repaired[f"{field.wire}.objects"] = row[field.wire]
            if type(row[field.wire]) is int and field.type is str and is_id(field.name):
                _tell_of_number(cls, field.name)
        elif field.required and field.type is str and field.name != "id":
            deviate("field.missing")
            repaired[field.wire] = ""
    return repaired


def _tell_of_number(cls: type, name: str) -> None:
    notes = current()
    if notes is not None:
        notes.numeric.add(noun_of_field(cls, name))


def _value(field: Field, value: Any, deviate: Deviate) -> Any:
    if value is None:
        return _absent(field, "field.null", deviate) if field.required else None
    if value == "" and field.type is not str and not is_open_enum(field.type):
        return _absent(field, "field.empty", deviate)
    if field.type is str:
        return _text(field, value, deviate)
    if get_origin(field.type) is tuple:
        return _array(field, value, deviate)
    if attrs.has(field.type):
        return in_contracts_form(field.type, value, deviate) if isinstance(value, Mapping) else value
    return _scalar(field.type, value, deviate)


def _absent(field: Field, deviation: str, deviate: Deviate) -> Any:
    """What stands for no value: an empty text where the class demands a text, else `null`."""
    deviate(deviation)
    return "" if field.required and field.type is str and field.name != "id" else None


def _text(field: Field, value: Any, deviate: Deviate) -> Any:
    if type(value) is int:
        deviate("id.number" if is_id(field.name) else "text.number")
        return str(value)
    return value


def is_id(name: str) -> bool:
    """Whether a field, or a part of a body, holds an id."""
    return name == "id" or name.endswith(("_id", "Id"))


def _scalar(kind: Any, value: Any, deviate: Deviate) -> Any:
    if kind is int:
        return _count(value, deviate)
    if kind is datetime:
        return moment(value, deviate)
    if kind is Decimal and type(value) is str:
        return _money(value, deviate)
    return value


def _count(value: Any, deviate: Deviate) -> Any:
    if type(value) is str and value.strip().lstrip("-").isdecimal():
        deviate("count.text")
        return int(value)
    if type(value) is float and value.is_integer():
        deviate("count.float")
        return int(value)
    return value


def _money(value: str, deviate: Deviate) -> str:
    """A number with white space around it, or with a currency's sign; anything else stays as it is.

    Commas are left out where they part thousands, and nowhere else: `€1.234,56` is not 1.23456.
    """
    bare = value.strip().lstrip("$€£").lstrip()
    if _THOUSANDS.fullmatch(bare) and ("." in bare or bare != value.strip()):
        bare = bare.replace(",", "")
    if bare != value:
        deviate("money.decorated")
    return bare


def moment(value: Any, deviate: Deviate) -> Any:
    """Return a moment as ISO 8601 text if it is a number since 1970, its text, or nearly ISO; else as it is."""
    number = value
    if type(value) is str and _NUMBER.fullmatch(value):
        number = float(value) if "." in value else int(value)
    if type(number) not in (int, float):
        return _nearly_iso(value, deviate)
    for (low, high), unit in ((_SECONDS, 1_000_000), (_MILLISECONDS, 1_000), (_MICROSECONDS, 1)):
        if low <= abs(number) < high:
            deviate("time.epoch")
            at = _EPOCH + timedelta(microseconds=int(number * unit))
            return at.isoformat().replace("+00:00", "Z")
    return value


def _nearly_iso(value: Any, deviate: Deviate) -> Any:
    """Return a text with a lower-case `t` or `z`, the word UTC, or a zone's name behind its offset as ISO 8601."""
    found = _NEARLY_ISO.fullmatch(value) if type(value) is str else None
    if found is None:
        return value
    offset = "Z" if found["offset"] in ("z", "UTC", "GMT") else found["offset"]
    text = f"{found['day']}T{found['time']}{offset}"
    if text.replace("T", " ") != value.replace("T", " "):
        deviate("time.text")
    return text


def _array(field: Field, value: Any, deviate: Deviate) -> Any:
    item = get_args(field.type)[0]
    if item is str:
        return _addresses(value, deviate)
    if isinstance(value, Mapping) and attrs.has(item):
        value = _array_within(item, value, deviate)
    if isinstance(value, list) and attrs.has(item):
        return [in_contracts_form(item, one, deviate) if isinstance(one, Mapping) else one for one in value]
    return value


def _array_within(item: type, value: Mapping[str, Any], deviate: Deviate) -> Any:
    """Return the rows in an object that holds nothing else, as `{"data": […]}`; any other object as it is."""
    found = find_rows(value, plural_of(item))
    if found is None or any(not is_marker(key) for members in found.beside for key in members):
        return value
    deviate("list.envelope")
    return found.value


def _names_people(field: Field, value: Any) -> bool:
    """Whether addresses are objects that say more than an address."""
    value = _as_listed(value)
    objects = value if isinstance(value, list) else [value]
    return get_args(field.type)[0] is str and any(isinstance(one, Mapping) and len(one) > 1 for one in objects)


def _as_listed(value: Any) -> Any:
    """Return the list that a text holds as JSON; anything else as it is."""
    if type(value) is not str or value[:1] != "[":
        return value
    try:
        return loads(value.encode())
    except ValueError:
        return value


def _addresses(value: Any, deviate: Deviate) -> Any:
    """Return a list of addresses, given a list of objects, one text, or a list as JSON in a text."""
    listed = _as_listed(value)
    if listed is not value:
        deviate("addresses.json_text")
        value = listed
    elif type(value) is str and value[:1] == "[":  # no JSON
        return value
    if type(value) is str:
        deviate("addresses.text")
        return [part.strip() for part in _ADDRESS.findall(value) if part.strip()]
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        deviate("addresses.objects")
        return [_address(one) for one in value]
    return value


def _address(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    named = (value.get(name) for name in ("address", "email", "value"))
    return next((text for text in named if isinstance(text, str)), value)
