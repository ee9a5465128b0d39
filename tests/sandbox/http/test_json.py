"""The sandbox reads and prints JSON alike with and without orjson."""

from collections.abc import Callable
from typing import Any

import pytest

from impactive_async.sandbox.http import _json

READERS = [pytest.param(_json.loads, id="installed"), pytest.param(_json._strict_loads, id="stdlib")]
PRINTERS = [pytest.param(_json.dumps, id="installed"), pytest.param(_json._compact_dumps, id="stdlib")]


@pytest.mark.parametrize("loads", READERS)
@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"NaN", b"[Infinity]", b"1e999", b'"\\ud800"', b'["a" "b"]', b"[" * 200_000, b"01"],
)
def test_what_is_no_json_is_refused(loads: Callable[[bytes], Any], raw: bytes) -> None:
    """Broken, non-finite, unpaired and endless documents are a ValueError."""
    with pytest.raises(ValueError):
        loads(raw)


@pytest.mark.parametrize("loads", READERS)
def test_what_is_json_is_read(loads: Callable[[bytes], Any]) -> None:
    """Documents come in as they are."""
    assert loads('{"a": [1, 2.5, null, true, "é\\u00e9"]}'.encode()) == {"a": [1, 2.5, None, True, "éé"]}


@pytest.mark.parametrize("dumps", PRINTERS)
def test_printing_is_compact_and_in_utf8(dumps: Callable[[Any], bytes]) -> None:
    """Documents go out without spaces and without escapes."""
    assert dumps({"a": [1, 2.5, None, True, "é"]}) == '{"a":[1,2.5,null,true,"é"]}'.encode()
