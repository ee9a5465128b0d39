"""Checks of single settings, as validators of attrs; each message says what the value must be."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from attrs import Attribute

from impactive_async.sandbox.world.times import read_zone

__all__ = [
    "a_dict",
    "a_number",
    "a_poison",
    "a_zone",
    "check",
    "names",
    "one_of",
    "or_null",
    "text",
    "texts",
    "true_or_false",
    "whole",
]

_Validator = Callable[[Any, "Attribute[Any]", Any], None]


def _validator(holds: Callable[[Any], bool], must: str) -> _Validator:
    def check(_: Any, attribute: "Attribute[Any]", value: Any) -> None:
        if not holds(value):
            raise ValueError(f"{attribute.name} must be {must}, not {value!r}")

    return check


def one_of(*choices: Any) -> _Validator:
    """Exactly one of these values."""
    return _validator(lambda value: _among(value, choices), f"one of {_shown(choices)}")


def check(name: str, value: Any, choices: Sequence[Any]) -> Any:
    """Give back a value that is one of `choices`.

    Raises:
        ValueError: It is not; the message calls it `name`.
    """
    if not _among(value, choices):
        raise ValueError(f"{name} must be one of {_shown(choices)}, not {value!r}")
    return value


def _among(value: Any, choices: Sequence[Any]) -> bool:
    return any(type(value) is type(choice) and value == choice for choice in choices)  # 1 is not true


def _shown(choices: Sequence[Any]) -> str:
    return f"{choices[0]} to {choices[-1]}" if len(choices) > 20 else ", ".join(map(json.dumps, choices))


def or_null(check: _Validator) -> _Validator:
    """`null`, or what the other check accepts."""

    def either(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
        if value is not None:
            check(instance, attribute, value)

    return either


def a_poison(*kinds: str) -> _Validator:
    """An object with a kind, how many rows share one, and perhaps a field."""
    must = f"{{how, every, field}} with how one of {_shown(kinds)} and every a whole number from 1"
    return _validator(lambda value: _is_poison(value, kinds), must)


def _is_poison(value: Any, kinds: Sequence[str]) -> bool:
    if not isinstance(value, dict) or not _among(value.get("how"), kinds):
        return False
    every, field = value.get("every", 0), value.get("field", "")
    return _is(every, int) and every >= 1 and isinstance(field, str)


def a_number(least: float = float("-inf")) -> _Validator:
    """A number from `least` on."""
    must = "a number" if least == float("-inf") else f"a number from {least:g}"
    return _validator(lambda value: _is(value, int, float) and least <= value < float("inf"), must)


def _is(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _all_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_zone(value: Any) -> bool:
    try:
        read_zone(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


text = _validator(lambda value: isinstance(value, str), "text")
true_or_false = _validator(lambda value: isinstance(value, bool), "true or false")
whole = _validator(lambda value: _is(value, int) and value >= 1, "a whole number from 1")
a_dict = _validator(lambda value: isinstance(value, dict), "an object")
names = _validator(lambda value: isinstance(value, list | tuple) and _all_texts(value), "a list of names")
texts = _validator(lambda value: isinstance(value, dict) and _all_texts(value.values()), "an object of texts")
a_zone = _validator(_is_zone, "an offset such as +02:00, or the name of a time zone")
