"""JSON for the sandbox: orjson where it is installed, else the standard library, equally strict."""

import importlib.util
import json
from collections.abc import Callable
from typing import Any

__all__ = ["dumps", "loads"]


def _strict_loads(raw: bytes) -> Any:
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")  # finds surrogates and 1e999
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _compact_dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_fast = importlib.import_module("orjson") if importlib.util.find_spec("orjson") else None
loads: Callable[[bytes], Any] = _fast.loads if _fast else _strict_loads
dumps: Callable[[Any], bytes] = _fast.dumps if _fast else _compact_dumps
