"""Exchanges with every value replaced by one of the same kind and shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from impactive_async.cli.doctor.exchange import NOT_JSON, Exchange
from impactive_async.cli.doctor.shapes import is_name
from impactive_async.cli.doctor.stamps import read_stamp

_KEPT_HEADERS: Final = ("content-type", "allow", "link", "etag", "date", "age", "cache-control", "retry-after")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_ID: Final = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{8,64}")
_WORDS: Final = frozenset(
    (
        "active",
        "paused",
        "completed",
        "unsubscribed",
        "draft",
        "archived",
        "already_enrolled",
        "not_found",
        "manual",
    )
)


@attrs.define
class Replacements:
    """Made-up values, the same one for the same value wherever it stands."""

    _made: dict[tuple[type, Any], Any] = attrs.field(factory=dict)

    def document(self, value: Any) -> Any:
        """Replace every value of a document; its keys stay, if programmers gave them."""
        if isinstance(value, dict):
            return {self._key(key): self.document(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.document(inner) for inner in value]
        if value is None or isinstance(value, bool):
            return value
        known = (type(value), value)
        if known not in self._made:
            self._made[known] = self._replaced(value)
        return self._made[known]

    def _key(self, key: str) -> str:
        return key if is_name(key) else self.text(key)

    def _replaced(self, value: Any) -> Any:
        number = len(self._made) + 1
        if isinstance(value, str):
            return self._text(value, number)
        if read_stamp(value) is not None:
            return type(value)(_moment(value, number))
        return type(value)(_digits(str(value), number)) if abs(value) >= 10 else type(value)(1)

    def text(self, value: str) -> str:
        """Replace a text."""
        replaced: str = self.document(value)
        return replaced

    def _text(self, value: str, number: int) -> str:
        if not value or value in _WORDS:
            return value
        if read_stamp(value) is not None:
            return _stamp(value, number)
        if _EMAIL.fullmatch(value):
            return f"person{number}@example.com"
        if value.isdecimal():
            return _digits(value, number)
        if value.startswith(("[", "{")):
            return self._inner_json(value, number)
        return _shaped(value, number) if _ID.fullmatch(value) else _words(value, number)

    def _inner_json(self, value: str, number: int) -> str:
        try:
            return json.dumps(self.document(json.loads(value)))
        except ValueError:
            return _words(value, number)


def _digits(text: str, number: int) -> str:
    """Return digits of the same length, the first of them no zero."""
    wanted = sum(character.isdigit() for character in text)
    made = iter(str(10 ** (wanted - 1) + number % 10 ** max(wanted - 1, 1))[-wanted:])
    return "".join(next(made) if character.isdigit() else character for character in text)


def _moment(value: float, number: int) -> float:
    return value - value % 86_400 + number  # another moment of the same day, in the same unit


def _stamp(value: str, number: int) -> str:
    """Return a moment in the same print: its day, time and digits are made up, its offset stays."""
    if value.isdecimal():
        return str(int(_moment(int(value), number)))
    day, rest = f"2026-01-{number % 28 + 1:02}", value[10:]
    if len(rest) < 6:
        return day
    return f"{day}{rest[0]}{number % 24:02}:{number % 60:02}{_fraction(rest[6:], number)}"


def _fraction(rest: str, number: int) -> str:
    clock = re.match(r"(:\d\d)?(\.\d+)?", rest)
    assert clock is not None  # noqa: S101 - for type checkers: the expression matches anything
    seconds = f":{number % 60:02}" if clock[1] else ""
    digits = "." + str(number).zfill(len(clock[2]) - 1)[-(len(clock[2]) - 1) :] if clock[2] else ""
    return seconds + digits + rest[clock.end() :]


def _shaped(value: str, number: int) -> str:
    """Return an id of the same shape: digits are digits, letters are letters of the same case."""
    tail = str(number)
    zeroed = re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", value)))
    return zeroed[: -len(tail)] + tail


def _words(value: str, number: int) -> str:
    return f"text {number} ".ljust(len(value), "x")[: max(len(value), 8)]


def write_transcript(exchanges: Sequence[Exchange], folder: Path) -> int:
    """Write one file for each exchange; returns how many.

    Raises:
        OSError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    replacements = Replacements()
    for number, exchange in enumerate(exchanges, 1):
        text = json.dumps(_record(exchange, replacements), indent=2, ensure_ascii=False) + "\n"
        (folder / f"{number:03}.json").write_text(text, encoding="utf-8")
    return len(exchanges)


def _record(exchange: Exchange, replacements: Replacements) -> dict[str, Any]:
    body = exchange.document
    return {
        "request": {
            "method": exchange.method,
            "path": exchange.template,
            "query": {
                name: replacements.text(value) if name == "since" else value
                for name, value in exchange.query.items()
            },
            "body": replacements.document(exchange.body),
        },
        "answer": {
            "status": exchange.status,
            "headers": dict(_headers(exchange)),
            "body": f"no JSON, {len(exchange.content)} bytes" if body is NOT_JSON else replacements.document(body),
        },
    }


def _headers(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for name in _KEPT_HEADERS:
        if name in exchange.headers:
            value = exchange.headers[name]
            yield (
                name,
                '<https://crm.example.com>; rel="next"'
                if name == "link"
                else "made-up"
                if name == "etag"
                else value,
            )
