"""What `enroll` and `pause` answer: counts, and the people they skipped, in whatever form (A3, A4).

The server has acted by then, so an answer that says nothing is no error: `None` stands for a count that it does
not tell, and whatever is not understood is kept in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from impactive_async._codec.tolerant.names import renamed
from impactive_async._codec.tolerant.values import Deviate
from impactive_async.models import EnrollResult, PauseResult, SkippedContact, SkipReason

R = TypeVar("R", EnrollResult, PauseResult)

_ENROLLED: Final = ("enrolled", "enrolledCount", "added", "addedCount", "successful", "successCount", "succeeded")
_PAUSED: Final = ("paused", "pausedCount", "updated", "updatedCount", "successful")
_OWN: Final = 2  # so many of these names are the contract's
_INNER: Final = ("data", "result", "results", "summary", "enrollment", "counts")
_PERSON: Final = ("contactId", "contact_id", "id")
_REASONS: Final = {str(reason): reason for reason in SkipReason}


def enroll_result(data: Any, deviate: Deviate) -> EnrollResult:
    """Return what `enroll` did.

    Args:
        data: The body's plain value; `None` of an empty one.
        deviate: Told of what is not as the contract has it.
    """
    objects = _objects(data, _ENROLLED, deviate)
    count, extra = _count(objects, _ENROLLED, deviate), dict(objects[0])
    skipped = _skipped(objects)
    if skipped is not None and isinstance(extra.get("skipped"), list):
        del extra["skipped"]
    return EnrollResult(enrolled_count=count, skipped=skipped or (), extra=_unread(extra, _ENROLLED))


def pause_result(data: Any, deviate: Deviate) -> PauseResult:
    """Return what `pause` did; see `enroll_result`."""
    objects = _objects(data, _PAUSED, deviate)
    count = _count(objects, _PAUSED, deviate)
    return PauseResult(paused_count=count, extra=_unread(dict(objects[0]), _PAUSED))


READERS: Final[Mapping[type, Callable[[Any, Deviate], Any]]] = {
    EnrollResult: enroll_result,
    PauseResult: pause_result,
}
"""By the class of the result."""


def tells_of_change(result: object, data: Any) -> bool:
    """Whether an answer tells of what was done: a count other than 0, people who were skipped, or enrollments."""
    done = [getattr(result, name, None) for name in ("enrolled_count", "skipped", "paused_count")]
    outer = data if isinstance(data, Mapping) else {}
    places = [place for place in (outer, outer.get("data")) if isinstance(place, Mapping)]
    return any(done) or any(place.get(name) for place in places for name in ("enrollment", "enrollments"))


def at_most_enrolled(result: EnrollResult) -> int | None:
    """Return how many people an answer without a count can have enrolled; `None` if it does not restrict that."""
    extra = result.extra
    if _speaks_of(_FAILED if result.skipped else _LEFT_OUT, extra):  # whom it names as skipped, it may count too
        return 0
    places = [place for place in (extra, extra.get("data")) if isinstance(place, Mapping)]
    rows = [place[name] for place in places for name in _ROWS if isinstance(place.get(name), list)]
    return len(rows[0]) if rows else None


def _speaks_of(trouble: re.Pattern[str], value: Any) -> bool:
    """Whether an answer says of some people, or how many, that they failed or were left out."""
    if isinstance(value, list):
        return any(_speaks_of(trouble, one) for one in value)
    return isinstance(value, Mapping) and any(
        (trouble.search(str(name)) and one not in _NOBODY)
        or (name in ("success", "ok") and one is False)
        or (name == "status" and trouble.search(str(one)))
        or _speaks_of(trouble, one)
        for name, one in value.items()
    )


_ROWS: Final = ("enrollments", "enrolledIds", "enrolled_ids", "results", "data", "body")
_FAILED: Final = re.compile(r"fail|error|invalid|reject", re.IGNORECASE)
_LEFT_OUT: Final = re.compile(rf"{_FAILED.pattern}|skip|missing|not_?found|already|reason", re.IGNORECASE)
_NOBODY: Final[tuple[Any, ...]] = (None, False, 0, "0", "", [], {})


def _unread(extra: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Leave out what the count says: the contract's own names with a number, and its second one with `null`."""
    _, count = own = names[:_OWN]
    said = [key for key in own if type(extra.get(key)) is int or (key == count and extra.get(key) is None)]
    return {key: value for key, value in extra.items() if key not in said}


def _objects(data: Any, names: tuple[str, ...], deviate: Deviate) -> list[Mapping[str, Any]]:
    """Return the objects that may hold counts, from the outermost in; there is at least one."""
    if data is None:
        return [{}]
    if not isinstance(data, Mapping):
        deviate("result.shape")
        return [{"body": data}]
    return [renamed(one, names, deviate) for one in (data, *_inner_objects(data))]


def _inner_objects(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in _INNER:
        inner = data.get(name)
        if isinstance(inner, Mapping):
            yield inner
            yield from _inner_objects(inner)


def _count(objects: list[Mapping[str, Any]], names: tuple[str, ...], deviate: Deviate) -> int | None:
    for place, one in enumerate(objects):
        for rank, name in sorted(enumerate(names), key=lambda named: isinstance(one.get(named[1]), list)):
            count = _number(one.get(name), deviate)
            if count is not None:
                if place or rank >= _OWN:
                    deviate("result.envelope" if place else "result.name")
                return count
    return None


def _number(value: Any, deviate: Deviate) -> int | None:
    """A count, or how many rows stand in its place; a count goes before rows."""
    if isinstance(value, list):
        return len(value)
    if type(value) is str and value.isdecimal():
        deviate("count.text")
        return int(value)
    return value if type(value) is int else None


def _skipped(objects: list[Mapping[str, Any]]) -> tuple[SkippedContact, ...] | None:
    """Return the people who were skipped; `None` if the server names none."""
    for one in objects:
        rows = one.get("skipped")
        if isinstance(rows, list) and all(isinstance(row, Mapping | str | int) for row in rows):
            return tuple(_person(row if isinstance(row, Mapping) else {"id": row}) for row in rows)
    return None


def _person(row: Mapping[str, Any]) -> SkippedContact:
    key = next((name for name in _PERSON if type(row.get(name)) in (str, int)), "")
    reason = str(row.get("reason") or "unknown")
    extra = {name: value for name, value in row.items() if name not in (key, "reason")}
    return SkippedContact(contact_id=str(row.get(key, "")), reason=_REASONS.get(reason, reason), extra=extra)
