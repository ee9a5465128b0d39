"""Destinations out of a TOML file.

[destinations.billing]
url = "https://billing.example.com/hooks"
secret_env = "BILLING_WEBHOOK_SECRET"
kinds = ["deals", "invoices"]
where = { stage_name = "Won" }
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from impactive_async.errors import ConfigurationError, InvalidArgumentError
from impactive_async.forward.settings.destination import WEB, Destination, check_apart
from impactive_async.forward.settings.filters import EventFilter
from impactive_async.forward.settings.schedule import RetrySchedule
from impactive_async.forward.settings.secret_files import (
    VARIABLE,
    secrets_of_file,
    secrets_of_variable,
    text_of_file,
)
from impactive_async.webhooks import WebhookSecret

_TEXT: Final = (str, "a text")
_NUMBER: Final = ((int, float), "a number")
_WHOLE: Final = (int, "a whole number")
_TEXTS: Final = (list, "a list of texts")
_TABLE: Final = (dict, "a table")
_SETTINGS: Final[Mapping[str, tuple[Any, str]]] = {
    "url": _TEXT,
    "group": _TEXT,
    "secret_env": _TEXT,
    "secret_file": _TEXT,
    "kinds": _TEXTS,
    "sequences": _TEXTS,
    "where": _TABLE,
    "headers": _TABLE,
    "headers_env": _TABLE,
    "retries": _WHOLE,
    "first_retry": _NUMBER,
    "max_retry": _NUMBER,
    "timeout": _NUMBER,
    "concurrency": _WHOLE,
    "public_only": (bool, "true or false"),
}
_SCHEDULE: Final = {"retries": "retries", "first_retry": "first", "max_retry": "longest"}
_PASSES: Final = ("kinds", "sequences", "where")
_PLAIN: Final = ("url", "group", "timeout", "concurrency", "public_only")


def load_destinations(path: Path, environment: Mapping[str, str]) -> list[Destination]:
    """Return the destinations of a configuration file.

    Args:
        path: The file. Files of secrets that it names stand beside it, unless their paths are absolute.
        environment: Where secrets are looked up that the file names by variable.

    Raises:
        ConfigurationError: The file cannot be read, or something in it is not accepted; the error says where.
    """
    document = _read(path)
    tables = document.get("destinations")
    for name in document:
        _known(name, ("destinations",), f"{path}")
    if not isinstance(tables, dict) or not tables:
        raise ConfigurationError(f"{path} has no destination: begin one with [destinations.NAME].")
    found = [_destination(path, name, table, environment) for name, table in tables.items()]
    try:
        check_apart(found)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of_file(path))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # TOML or UTF-8; the words of both name a place and quote no value
        raise ConfigurationError(f"{path} is no TOML: {error}.") from error


def _destination(path: Path, name: str, table: object, environment: Mapping[str, str]) -> Destination:
    where = f"{path}, destination {name!r}"
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where}: it is a table, [destinations.{name}], with a url.")
    for key, value in table.items():
        _check(where, key, value)
    if "url" not in table:
        raise ConfigurationError(f"{where}: it needs a url.")
    try:
        return Destination(
            name=name,
            secrets=_secrets(path, table, environment),
            headers={**table.get("headers", {}), **_headers(table.get("headers_env", {}), environment)},
            schedule=RetrySchedule(**{_SCHEDULE[key]: table[key] for key in _SCHEDULE if key in table}),
            passes=EventFilter(**_chosen(table, _PASSES)),
            **_chosen(table, _PLAIN),
        )
    except (ConfigurationError, InvalidArgumentError) as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _chosen(table: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: table[name] for name in names if name in table}


def _check(where: str, key: str, value: object) -> None:
    _known(key, tuple(_SETTINGS), where)
    kind, said = _SETTINGS[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigurationError(f"{where}: {key} is {said}.")
    if kind is list and not all(isinstance(one, str) for one in value):
        raise ConfigurationError(f"{where}: {key} is {said}.")


def _known(key: str, known: Sequence[str], where: str) -> None:
    if key in known:
        return
    close = difflib.get_close_matches(key, known, 1)
    hint = f"; is it {close[0]}?" if close else f"; there are {', '.join(known)}."
    raise ConfigurationError(f"{where}: there is no setting {key!r}{hint}")


def _secrets(path: Path, table: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[WebhookSecret, ...]:
    named: list[Callable[[], tuple[WebhookSecret, ...]]] = []
    if "secret_env" in table:
        named.append(lambda: secrets_of_variable(table["secret_env"], environment))
    if "secret_file" in table:
        named.append(lambda: secrets_of_file(path.parent / table["secret_file"]))
    if len(named) > 1:
        raise ConfigurationError("secret_env and secret_file are both given: choose one.")
    if named:
        return named[0]()
    is_web = str(table["url"]).lower().startswith(tuple(f"{scheme}:" for scheme in WEB))
    return secrets_of_variable(VARIABLE, environment) if is_web and environment.get(VARIABLE) else ()


def _headers(variables: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for header, variable in variables.items():
        if not isinstance(variable, str) or variable not in environment:
            raise ConfigurationError(f"headers_env.{header} names an environment variable that is not set.")
        found[header] = environment[variable]
    return found
