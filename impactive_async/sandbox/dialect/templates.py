"""Templates of answers: JSON in which texts such as `$row` are placeholders."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["fill", "has_placeholder", "picked_fields"]


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Put values into a template; `values` has them by placeholder.

    Raises:
        ValueError: The template has a placeholder that this operation does not know.
    """
    if isinstance(template, str):
        return _value(template, values)
    if isinstance(template, Mapping):
        return {_key(key, values): fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    return template


def _value(text: str, values: Mapping[str, Any]) -> Any:
    if not text.startswith("$"):
        return text
    if text.startswith("$$"):
        return text[1:]
    if text not in values:
        raise ValueError(f"there is no {text} here; there are {', '.join(values)}")
    return values[text]


def _key(text: str, values: Mapping[str, Any]) -> str:
    return str(_value(text, values)) if text in ("$noun", "$nouns") or text.startswith("$$") else text


def has_placeholder(template: Any, name: str) -> bool:
    """Whether a template has this placeholder among its values."""
    return name in _texts(template)


def picked_fields(template: Any) -> list[str]:
    """The fields that the template takes out of the row or answer: `$.steps` names `steps`."""
    return [text[2:] for text in _texts(template) if text.startswith("$.")]


def _texts(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from _texts(value)
    elif isinstance(template, list):
        for item in template:
            yield from _texts(item)
