"""The settings of errors, by kind."""

from collections.abc import Mapping
from typing import Any

from attrs import field, fields_dict, frozen

from impactive_async.sandbox.dialect.profile.checks import one_of, or_null, text, texts, true_or_false

__all__ = ["ERROR_KINDS", "ErrorSettings", "error_settings"]

ERROR_KINDS: Mapping[str, Mapping[str, Any]] = {
    "invalid": {"status": 400},
    "unauthorized": {"status": 401},
    "not_found": {"status": 404},
    "no_route": {"status": 404},
    "no_method": {"status": 405, "allow": True},
    "rate_limited": {"status": 429},
}
"""The kinds of errors, and how the contract answers them."""


@frozen(kw_only=True)
class ErrorSettings:
    """How one kind of error is answered. `docs/profile.md` explains each key."""

    status: int = field(default=400, validator=one_of(*range(200, 600)))
    answer: Any = field(factory=lambda: {"error": "$message"})
    html: str | None = field(default=None, validator=or_null(text))
    allow: bool = field(default=False, validator=true_or_false)
    headers: Mapping[str, str] = field(factory=dict, validator=texts)


_KEYS = fields_dict(ErrorSettings)


def error_settings(errors: Any) -> dict[str, ErrorSettings]:
    """The settings of each kind, and those of `*` for all others.

    Raises:
        ValueError: A kind or a value is not known.
    """
    if not isinstance(errors, Mapping):
        raise ValueError("errors must be an object")
    for kind, given in errors.items():
        if not isinstance(given, Mapping):
            raise ValueError(f"errors[{kind!r}] must be an object")
    return {kind: _settings(errors, kind) for kind in ("*", *ERROR_KINDS)}


def _settings(errors: Mapping[str, Mapping[str, Any]], kind: str) -> ErrorSettings:
    chosen = {**ERROR_KINDS.get(kind, {}), **errors.get("*", {}), **errors.get(kind, {})}
    try:
        return ErrorSettings(**{key: value for key, value in chosen.items() if key in _KEYS})
    except ValueError as error:
        raise ValueError(f"errors[{kind!r}]: {error}") from None
