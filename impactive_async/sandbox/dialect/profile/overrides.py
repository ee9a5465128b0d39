"""Options of a sandbox that change single settings of its profile."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import asdict, frozen

from impactive_async.sandbox.dialect.profile.operations import OPERATIONS
from impactive_async.sandbox.dialect.profile.settings import check_patterns

__all__ = ["Overrides", "merge", "override"]

_ZAPIER_LISTS = tuple(name for name in OPERATIONS if name.startswith("zapier.") and name.endswith(".list"))
_PLACES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "timestamp_precision": (tuple(OPERATIONS), "time_precision"),
    "zapier_since": (_ZAPIER_LISTS, "since_operator"),
    "contacts_default": (("contacts.list",), "limit_default"),
    "contacts_max": (("contacts.list",), "limit_max"),
    "contact_replies_cap": (("contacts.replies",), "cap"),
    "sends_cap": (("sequences.sends",), "cap"),
    "replies_cap": (("sequences.replies",), "cap"),
    "enrollments_cap": (("sequences.enrollments",), "cap"),
    "zapier_cap": (_ZAPIER_LISTS, "cap"),
    "max_batch": (("contacts.create_batch",), "largest_batch"),
}
_OPERATORS = {"exclusive": ">", "inclusive": ">="}


@frozen(kw_only=True)
class Overrides:
    """The options; `None`: as the profile says. `Sandbox` explains them."""

    timestamp_precision: str | None = None
    stored_precision: str | None = None
    zapier_since: str | None = None
    contacts_default: int | None = None
    contacts_max: int | None = None
    contact_replies_cap: int | None = None
    sends_cap: int | None = None
    replies_cap: int | None = None
    enrollments_cap: int | None = None
    zapier_cap: int | None = None
    max_batch: int | None = None


def override(profile: Mapping[str, Any], options: Overrides) -> dict[str, Any]:
    """The profile with these options in it. What is printed with a precision is also stored with it.

    Raises:
        ValueError: The settings of the profile are not ones that the format knows.
    """
    patterns = profile.get("operations", {})
    check_patterns(patterns)
    operations = {name: dict(settings) for name, settings in patterns.items()}
    for operation, key, value in _changes(options):
        operations.setdefault(operation, {})[key] = value
    changed = {**profile, "operations": operations}
    stored = options.stored_precision or options.timestamp_precision
    return changed if stored is None else {**changed, "stored_precision": stored}


def merge(profile: Mapping[str, Any], operations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The profile with these settings, each in the place of the one under the same pattern."""
    patterns = dict(profile.get("operations", {}))
    for pattern, settings in operations.items():
        patterns[pattern] = {**patterns.get(pattern, {}), **settings}
    return {**profile, "operations": patterns}


def _changes(options: Overrides) -> Iterator[tuple[str, str, Any]]:
    given = {name: value for name, value in asdict(options).items() if value is not None and name in _PLACES}
    for name, value in given.items():
        names, key = _PLACES[name]
        for operation in names:
            yield operation, key, _OPERATORS.get(value, value) if name == "zapier_since" else value
