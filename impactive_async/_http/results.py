"""The answers of `enroll` and `pause`: a count or the rows themselves, as the contract leaves open (A3, A4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cattrs import Converter

from impactive_async._http.scalars import Misfit
from impactive_async.models import EnrollResult, PauseResult


def register_results(converter: Converter) -> None:
    """Let `enrolled` be a count or rows, and `enrolledCount` a count; `paused` and `pausedCount` likewise."""
    _register(converter, EnrollResult, _count_enrolled)
    _register(converter, PauseResult, lambda raw: _count(raw, "paused"))


def _register(converter: Converter, cls: type, spell: Callable[[object], object]) -> None:
    read = converter.get_structure_hook(cls)

    def read_result(raw: object, _: Any = None) -> Any:
        return read(spell(raw), cls)

    converter.register_structure_hook(cls, read_result)
    converter.register_structure_hook_func(
        lambda kind: kind == list[cls],  # type: ignore[valid-type]
        lambda rows, _: [read_result(raw) for raw in rows],
    )


def _count_enrolled(raw: object) -> object:
    counted = _count(raw, "enrolled")
    if isinstance(counted, dict) and counted.get("enrolledCount") is None and counted.get("enrolled") is not None:
        raise Misfit("expected a count or an array of rows", counted["enrolled"], ".enrolled")
    return counted


def _count(raw: object, key: str) -> object:
    """Spell the count under `<key>Count`. Rows stay where they are, and so end in `extra`."""
    name = f"{key}Count"
    if not isinstance(raw, dict) or raw.get(name) is not None:
        return raw
    value: Any = raw.get(key)
    if type(value) is int:
        return {other: raw[other] for other in raw if other != key} | {name: value}
    return {**raw, name: len(value)} if isinstance(value, list) else raw
