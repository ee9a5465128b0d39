"""How a dialect prints single values: ids, counts, money and addresses."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["ADDRESSES", "id_printer", "is_numbered", "print_count_as_text", "print_money_as_text"]


def is_numbered(ids: Mapping[str, str], noun: str) -> bool:
    """Whether the ids of a noun are numbers."""
    return ids.get(noun, ids.get("*", "text")) == "number"


def id_printer(ids: Mapping[str, str], noun: str) -> Callable[[Any], Any] | None:
    """The function that prints an id of a noun; `None`: it is printed as it is stored, as text."""
    return _as_number if is_numbered(ids, noun) else None


def _as_number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def print_count_as_text(value: Any) -> Any:
    """`12` as `"12"`, as drivers print PostgreSQL's `count(*)`."""
    return str(value) if isinstance(value, int) else value


def print_money_as_text(value: Any) -> Any:
    """`3500.5` as `"3500.50"`, as drivers print PostgreSQL's `numeric`."""
    try:
        amount = Decimal(str(value))
        return format(amount.quantize(Decimal("0.01")), "f") if _has_cents(amount) else format(amount, "f")
    except InvalidOperation:
        return value


def _has_cents(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _objects(addresses: Any) -> Any:
    return [{"address": address} for address in addresses]


ADDRESSES: Mapping[str, Callable[[Any], Any] | None] = {
    "list": None,
    "objects": _objects,
    "text": ", ".join,
    "json_text": json.dumps,
}
"""How a list of addresses is printed, by the setting `addresses`."""
