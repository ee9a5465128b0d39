"""JSON text to plain values and back, by orjson where it is installed, else by the standard library.

The results of both are the same. What they agree on, beyond RFC 8259:

- A UTF-8 byte order mark before a document is skipped.
- Of equal keys in one object the last wins.
- An integer beyond 64 bits is read as the nearest float, as JavaScript does, and is refused when written.
- NaN and the infinities are refused in both directions, as are numbers too large for a float, lone surrogates, and
  (when written) keys that are not strings and values that are not JSON's own.
- Nesting is bounded; too deep is a `ValueError` like any other bad document. The bound itself is the parser's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, NoReturn, TypeAlias

import attrs

from impactive_async.errors import InvalidArgumentError

try:
    import orjson
except ImportError:  # pragma: no cover - CPython installs it; json_backend(None) is what tests run instead
    orjson = None  # type: ignore[assignment]

StoredJson: TypeAlias = str | bytes | bytearray | memoryview | Mapping[str, Any]
"""An object as a database gives it back: JSON text, the bytes of the text, or the object of a JSON column."""

_BOM: Final = b"\xef\xbb\xbf"
_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**64 - 1


@attrs.frozen
class JsonBackend:
    """A pair of functions from JSON text to plain values and back. Both raise nothing but `ValueError`."""

    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]


def json_backend(fast: ModuleType | None) -> JsonBackend:
    """Return the backend over the module orjson, or (`None`) over the standard library."""
    return JsonBackend(_loads_plain, _dumps_plain) if fast is None else _over_orjson(fast)


def _over_orjson(fast: ModuleType) -> JsonBackend:
    read, write = fast.loads, fast.dumps
    options = fast.OPT_PASSTHROUGH_DATETIME | fast.OPT_PASSTHROUGH_DATACLASS

    def loads(body: bytes) -> Any:
        return read(body[3:] if body.startswith(_BOM) else body)

    def dumps(value: Any) -> bytes:
        try:
            body: bytes = write(value, None, options)
        except TypeError as error:
            raise InvalidArgumentError(f"not representable as JSON: {error}") from error
        # orjson writes NaN as null, which on this API's wire means "clear the field". Reading tells quickly.
        if b"null" in body and read(body) != value:
            check_json(value)
        return body

    return JsonBackend(loads, dumps)


def _loads_plain(body: bytes) -> Any:
    text = str(body.removeprefix(_BOM), "utf-8")
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("the JSON document is nested too deeply") from error
    # Only an escape can spell a lone surrogate, for UTF-8 has no bytes for one. The text is searched, because a
    # later equal key may have replaced the string in the value.
    if b"\\u" in body and any(escape["lone"] for escape in _ESCAPE.finditer(text)):
        raise ValueError("a JSON string holds a lone surrogate")
    return value


def _read_int(digits: str) -> int | float:
    # `int` takes long for a number of thousands of digits, and refuses a longer one.
    if len(digits) < 20 or (len(digits) == 20 and _MIN_INT <= int(digits) <= _MAX_INT):
        number = int(digits)
        return number if _MIN_INT <= number <= _MAX_INT else float(number)
    return _read_float(digits)


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a JSON number is too large for a float")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F]..)|.)",
)
_DECODER: Final = json.JSONDecoder(parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _dumps_plain(value: Any) -> bytes:
    try:
        _check(value)
        return _ENCODER.encode(value).encode()
    except RecursionError as error:
        raise InvalidArgumentError("not representable as JSON: nested too deeply, or in itself") from error


def check_json(value: Any) -> None:
    """Accept a value that both backends write, and write as the same text.

    The bodies of the contract's endpoints need no check, because `encode` makes nothing else.

    Raises:
        ValueError: The value holds something else, such as an enum or a UUID, which orjson writes in its own way.
    """
    try:
        _check(value)
    except RecursionError:
        raise InvalidArgumentError("not representable as JSON: nested too deeply, or in itself") from None


def _check(value: Any) -> None:
    """Raise `ValueError` for a value that the backends do not write as the same text."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if not _MIN_INT <= value <= _MAX_INT:
            raise InvalidArgumentError("not representable as JSON: an integer beyond 64 bits")
    elif type(value) is float:
        if not math.isfinite(value):
            raise InvalidArgumentError(f"not representable as JSON: {value}")
    elif isinstance(value, dict):
        _check_keys(value)
        _check_all(list(value.values()))
    elif isinstance(value, list) or type(value) is tuple:
        _check_all(value)
    else:
        raise InvalidArgumentError(f"not representable as JSON: {type(value).__name__}")


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if type(key) is not str:
            raise InvalidArgumentError(f"not representable as JSON: the key {key!r} is not a str")


def _check_all(values: Sequence[Any]) -> None:
    for value in values:
        _check(value)


_BACKEND: Final = json_backend(orjson)
loads: Final = _BACKEND.loads
dumps: Final = _BACKEND.dumps
