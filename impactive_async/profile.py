"""`Profile`: what is known of a service beyond the contract, as a value and as a file.

`docs/profile.md` describes the file. A client reads answers by a profile, `impactive doctor` writes one, and the
sandbox, which has a reader of its own, answers as one says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import attrs

from impactive_async.errors import ConfigurationError

VERSION: Final = 1
"""The version of the format that this module reads and writes."""

PRECISIONS: Final = {
    "microseconds": 1, "milliseconds": 1_000, "seconds": 1_000_000, "minutes": 60_000_000, "days": 86_400_000_000,
}  # fmt: skip
"""The precisions of a time, with their microseconds."""

ID_NOUNS: Final = (
    "contacts", "companies", "deals", "invoices", "projects", "bookings", "sending_accounts", "sequences", "steps",
    "enrollments", "sends", "replies", "stages", "tags", "lists", "workspace",
)  # fmt: skip
"""The nouns that have ids."""

Settings = Mapping[str, Any]
"""What is known of one operation, or of one kind of error."""

Check = tuple[Callable[[Any], bool], str]


def _one_of(*choices: Any) -> Check:
    shown = ", ".join(json.dumps(choice) for choice in choices)
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices), shown


def _number_from(least: float, kind: Any = (int, float), *, null: bool = False) -> Check:
    def holds(value: Any) -> bool:
        if value is None or isinstance(value, bool):
            return null and value is None
        return isinstance(value, kind) and bool(least <= value < float("inf"))

    what = f"a {'whole number' if kind is int else 'number'}" + (f" from {least:g}" if least > -1e308 else "")
    return holds, f"{what}{' or null' if null else ''}"


def _is_zone(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if value == "UTC" or (len(value) == 6 and value[0] in "+-" and value[3] == ":"):
        return value == "UTC" or (value[1:3] + value[4:]).isdecimal()
    from zoneinfo import ZoneInfo  # few profiles name a zone, and every client imports this module

    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


_KIND: Final = _one_of("number", "text")
_FLAG: Final = _one_of(True, False)
_PRECISION: Final = _one_of(*PRECISIONS)
_ZONE: Final = (_is_zone, 'an offset such as "+02:00", or the name of a time zone')
_NAMES: Final = (_names, "a list of names")
_OBJECT: Final = (lambda value: isinstance(value, Mapping), "an object")

_OF_OPERATIONS: Final[Mapping[str, Check]] = {
    "status": (lambda value: type(value) is int and 200 <= value < 300, "200 to 299"),
    "counts": _KIND,
    "money": _KIND,
    "addresses": _one_of("list", "objects", "text", "json_text"),
    "time_style": _one_of("iso", "postgres", "epoch"),
    "time_precision": _one_of(*PRECISIONS, None),
    "time_zone": _ZONE,
    "time_offset": _FLAG,
    "cap": _number_from(1, int, null=True),
    "limit_default": _number_from(1, int),
    "limit_max": _number_from(1, int),
    "limit_over": _one_of("refused", "cut"),
    "order": _one_of("newest", "oldest", "created", "shuffled"),
    "since_operator": _one_of(">", ">="),
    "since_zone": (lambda value: value is None or _is_zone(value), f"{_ZONE[1]}, or null"),
    "since_precision": _PRECISION,
    "since_rounding": _one_of("cut", "round", "up"),
    "lag": _number_from(0),
    "link": _FLAG,
    "missing": _NAMES,
    "null": _NAMES,
    "empty": _NAMES,
    "extra": _OBJECT,
    "update_verb": _one_of("PATCH", "PUT", "POST"),
    "largest_batch": _number_from(1, int, null=True),
    "unknown_parameters": _one_of("refused", "ignored"),
    "date": _FLAG,
    "date_ahead": _number_from(float("-inf")),
    "etag": _FLAG,
    "headers": (_texts, "an object of texts"),
}
_OF_ERRORS: Final[Mapping[str, Check]] = {
    "status": (lambda value: type(value) is int and 200 <= value < 600, "200 to 599"),
    "html": (lambda value: value is None or isinstance(value, str), "text or null"),
    "allow": _FLAG,
    "headers": (_texts, "an object of texts"),
}
_TEXT: Final = (lambda value: value is None or isinstance(value, str), "text")
_AT_TOP: Final[Mapping[str, Check]] = {
    "name": _TEXT,
    "about": _TEXT,
    "ids": _OBJECT,
    "ids_as_text": _FLAG,
    "expected": _NAMES,
    "stored_precision": _PRECISION,
    "operations": _OBJECT,
    "errors": _OBJECT,
    "options": (lambda value: value is None or isinstance(value, Mapping), "an object or null"),
}
_DEFAULTS: Final = {
    "name": None, "about": None, "ids_as_text": True, "expected": (), "stored_precision": None, "options": None,
}  # fmt: skip


def _tuple(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names)


@attrs.frozen(kw_only=True)
class Profile:
    """What is known of one service beyond the contract. What it does not say is as the contract has it.

    `docs/profile.md` explains the keys. A profile holds nothing of a workspace: no key, host, id, name or text.

    Attributes:
        name: For people.
        about: What is special, for people.
        ids: The kind of ids, `"text"` or `"number"`, by noun; `*` stands for all others.
        ids_as_text: Whether a request may send an id as text where ids are numbers.
        expected: Names of deviations from the contract that answers have, beside those that the settings imply.
        stored_precision: The digits of the timestamps that the service stores; `None`: not known.
        operations: Settings by pattern: the name of an operation, `zapier.*`, or `*`.
        errors: How errors look, by kind.
        options: How `OPTIONS` is answered; `None`: as any other wrong verb.
        extra: Keys of the file that this version does not know. They are written again.
    """

    name: str | None = None
    about: str | None = None
    ids: Mapping[str, str] = attrs.field(factory=dict)
    ids_as_text: bool = True
    expected: Sequence[str] = attrs.field(default=(), converter=_tuple)
    stored_precision: str | None = None
    operations: Mapping[str, Settings] = attrs.field(factory=dict)
    errors: Mapping[str, Settings] = attrs.field(factory=dict)
    options: Settings | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        _check_document(self.as_document(), "the profile")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a profile from its file.

        Raises:
            ConfigurationError: The file cannot be read, is damaged or of a newer version, or has a value that this
                version does not know. The message names the key and the values it knows.
        """
        where = f"the profile {os.fspath(path)}"
        try:
            document = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise ConfigurationError(f"Cannot read {where}: {error.strerror or error}.") from error
        except (ValueError, RecursionError):
            raise ConfigurationError(
                f"Cannot read {where}: it is not JSON. Write it again with `impactive doctor --save`."
            ) from None
        return cls.from_document(document, where=where)

    @classmethod
    def from_document(cls, document: Any, *, where: str = "the profile") -> Self:
        """Return the profile of a JSON document, which errors call `where`.

        Raises:
            ConfigurationError: As `load`.
        """
        _check_version(document, where)
        _check_document(document, where)
        known = {key: value for key, value in document.items() if key in _AT_TOP}
        extra = {key: value for key, value in document.items() if key not in _AT_TOP and key != "profile"}
        return cls(**known, extra=extra)

    def as_document(self) -> dict[str, Any]:
        """Return what its file holds; keys that say nothing are left out."""
        document: dict[str, Any] = {"profile": VERSION}
        for key in _AT_TOP:
            value = getattr(self, key)
            if value != _DEFAULTS.get(key, {}):
                document[key] = value
        return {**document, **self.extra}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile to a file, which is replaced as a whole.

        Raises:
            OSError: It cannot be written.
        """
        target = Path(path)
        text = json.dumps(self.as_document(), indent=2, ensure_ascii=False) + "\n"
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def settings(self, operation: str) -> dict[str, Any]:
        """Return what is known of an operation, such as `zapier.deals.list`: of its patterns, the longest wins."""
        merged: dict[str, Any] = {}
        for pattern in _patterns_of(operation):
            merged |= self.operations.get(pattern, {})
        return merged

    def numbered(self, noun: str) -> bool:
        """Whether the ids of a noun, such as `contacts`, are numbers."""
        return self.ids.get(noun, self.ids.get("*")) == "number"

    def with_settings(self, operations: Mapping[str, Settings]) -> Profile:
        """Return the profile with these settings, each in the place of the one under the same pattern."""
        merged = {pattern: dict(settings) for pattern, settings in self.operations.items()}
        for pattern, settings in operations.items():
            merged[pattern] = {**merged.get(pattern, {}), **settings}
        return attrs.evolve(self, operations=merged)

    def deviations(self) -> frozenset[str]:
        """Return the names of the deviations from the contract that the profile implies (docs/profile.md)."""
        return frozenset(self._deviations())

    def _deviations(self) -> Iterator[str]:
        yield from self.expected
        if "number" in self.ids.values():
            yield from ("id.number", "text.number")
        for settings in self.operations.values():
            for key, value in settings.items():
                yield from _IMPLIED.get((key, value) if isinstance(value, str) else (key, None), ())
                if key in _TEMPLATES and value != _TEMPLATES[key]:
                    yield from _ENVELOPES[key]
                if key in ("missing", "null", "empty") and value:
                    yield f"field.{key}"
        if any(200 <= settings.get("status", 400) < 300 for settings in self.errors.values()):
            yield "refusal.in_success"


_TEMPLATES: Final = {"row": "$row", "list": "$rows", "batch": "$rows", "answer": "$answer"}
_ENVELOPES: Final = {
    "row": ("row.envelope",),
    "list": ("list.envelope",),
    "batch": ("list.envelope",),
    "answer": ("result.envelope", "result.name", "result.shape", "result.text"),
}
_IMPLIED: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("counts", "text"): ("count.text",),
    ("money", "text"): ("money.text",),
    ("addresses", "objects"): ("addresses.objects",),
    ("addresses", "text"): ("addresses.text",),
    ("addresses", "json_text"): ("addresses.json_text",),
    ("time_style", "epoch"): ("time.epoch",),
    ("time_style", "postgres"): ("time.postgres",),
    ("update_verb", "PUT"): ("verb.put",),
    ("update_verb", "POST"): ("verb.post",),
}
"""The deviations that a value of a setting implies, by key and value."""


def _patterns_of(operation: str) -> Iterator[str]:
    parts = operation.split(".")
    yield "*"
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]) + ".*"
    yield operation


def _check_version(document: Any, where: str) -> None:
    version = document.get("profile") if isinstance(document, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ConfigurationError(
            f'This is no profile: {where}. A profile is a JSON object with "profile": {VERSION}.'
        )
    if version > VERSION:
        raise ConfigurationError(
            f"Cannot read {where}: it has version {version}, and this SDK reads versions up to {VERSION}. Update "
            "impactive-async, or write it again with `impactive doctor --save`."
        )


def _check_document(document: Mapping[str, Any], where: str) -> None:
    _check_keys(document, _AT_TOP, "", where)
    for noun, kind in document.get("ids", {}).items():
        _check_value(f"ids[{noun!r}]", kind, _one_of("text", "number"), where)
    for part, checks in (("operations", _OF_OPERATIONS), ("errors", _OF_ERRORS)):
        for pattern, settings in document.get(part, {}).items():
            _check_value(f"{part}[{pattern!r}]", settings, _OBJECT, where)
            _check_keys(settings, checks, f"{part}[{pattern!r}].", where)


def _check_keys(settings: Settings, checks: Mapping[str, Check], prefix: str, where: str) -> None:
    for key in settings.keys() & checks.keys():
        _check_value(f"{prefix}{key}", settings[key], checks[key], where)


def _check_value(key: str, value: Any, check: Check, where: str) -> None:
    holds, known = check
    if not holds(value):
        raise ConfigurationError(
            f"Cannot use {where}: {key} is {known}, not {json.dumps(value, default=str)[:60]}."
        )


def profile_or_default(profile: Profile | None) -> Profile | None:
    """Return the profile; `None` stands for the file that `IMPACTIVE_PROFILE` names, if it names one.

    Raises:
        ConfigurationError: It cannot be used.
    """
    given: object = profile
    if given is not None and not isinstance(given, Profile):
        raise ConfigurationError(
            f"profile= is a Profile, as Profile.load(path) returns it, not {type(given).__name__}."
        )
    path = os.environ.get("IMPACTIVE_PROFILE")
    return Profile.load(path) if profile is None and path else profile
