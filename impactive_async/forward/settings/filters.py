"""Which events a destination gets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from impactive_async.errors import InvalidArgumentError
from impactive_async.hub import HubEvent
from impactive_async.resources.watching.kinds import KINDS

Scalar = str | int | float | bool | None

LOSSES = "com.impactiveai.feed."
"""How the types of gaps and unreadable rows begin."""


@frozen(kw_only=True)
class EventFilter:
    """What an event must be to go to a destination. What is left out is not looked at.

    Gaps and unreadable rows have no fields, so that `where` lets them pass: whoever gets rows learns of lost ones.

    Attributes:
        kinds: Some of the kinds that `crm.watch` follows.
        sequences: Ids of sequences. Lists that belong to no sequence are then left out. An email that several
            sequences show is one event, of the sequence that showed it first.
        where: Fields of the row, as `stage_name` or `contact.email`, each with its value, or with several.

    Raises:
        InvalidArgumentError: There is no such kind, or a collection is empty or a single string.
    """

    kinds: Collection[str] | None = None
    sequences: Collection[str] | None = None
    where: Mapping[str, Scalar | Sequence[Scalar]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name, value in (("kinds", self.kinds), ("sequences", self.sequences)):
            if value is not None and (isinstance(value, str) or not value):
                raise InvalidArgumentError(f"{name} is a list of texts with at least one, not {value!r}")
        if wrong := sorted(set(self.kinds or ()) - set(KINDS)):
            raise InvalidArgumentError(f"there is no kind {wrong[0]!r}; there are {', '.join(KINDS)}")
        for name, wanted in self.where.items():
            _check_wanted(name, wanted)

    def __call__(self, event: HubEvent) -> bool:
        """Return whether the event passes."""
        feed = feed_of(event)
        sequence, kind = _parts(feed)
        return (
            (self.kinds is None or kind in self.kinds)
            and (self.sequences is None or not {sequence, *event.sequence_ids}.isdisjoint(self.sequences))
            and (event.type.startswith(LOSSES) or self._has_values(event.data))
        )

    def missing(self, event: HubEvent) -> str | None:
        """Return the first field of `where` that an event's row does not have, not even without a value."""
        if event.type.startswith(LOSSES):
            return None
        return next((path for path in self.where if not _is_there(event.data, path)), None)

    def _has_values(self, data: Mapping[str, Any]) -> bool:
        return all(_is_one_of(_value(data, path), wanted) for path, wanted in self.where.items())


def _check_wanted(name: str, wanted: object) -> None:
    choices = wanted if isinstance(wanted, list | tuple) else (wanted,)
    if not choices:
        raise InvalidArgumentError(f"where.{name} lists no value, so that no event would pass")
    for one in choices:
        if not (one is None or isinstance(one, str | int | float)):
            raise InvalidArgumentError(
                f"where.{name} is a text, a number, true or false, or a list of such, so that no event would pass "
                f"with this {type(one).__name__}; name a field within another as where.{name}.FIELD"
            )


def feed_of(event: HubEvent) -> str:
    """Return the name of the feed that an event comes from: the first part of its id."""
    return unquote(event.id.partition("/")[0])


def _parts(feed: str) -> tuple[str | None, str]:
    """Return a feed's sequence, if it has one, and its kind."""
    before, _, kind = feed.rpartition("/")
    noun, _, sequence = before.partition("/")
    return (unquote(sequence) if noun == "sequences" else None), kind


def _value(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _is_there(data: Any, path: str) -> bool:
    within, _, name = path.rpartition(".")
    parent = _value(data, within) if within else data
    return name in parent if isinstance(parent, Mapping) else parent is None and _is_there(data, within)


def _is_one_of(value: Any, wanted: Scalar | Sequence[Scalar]) -> bool:
    choices = wanted if isinstance(wanted, list | tuple) else (wanted,)
    # True == 1, and a row's flag is no number.
    return any(value == one and isinstance(value, bool) is isinstance(one, bool) for one in choices)
