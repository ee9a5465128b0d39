"""Fast decoders, made once per row class by cattrs' hook factories.

msgspec reads a page's bytes, or its plain values, into structs (`structs.py`) and checks every type on the way; a
generated loop makes rows of the structs. Of anything but what it is sure of a fast decoder is `Unsure`, and leaves
it to the exact decoder, which accepts it or says what is wrong. So speed decides nothing about meaning: what the
fast decoder accepts, the exact one accepts with the same result.

Where the time would go otherwise, and what is done instead:

- `__init__` of a frozen class stores each field through `object.__setattr__`, at many times the price of a plain
  store. A row is therefore filled while it is *nascent*: an instance of a subclass that adds no state and allows
  assignment. Then its `__class__` becomes the row class, as Python supports between equal layouts, and from then
  on it is frozen like any other. `__init__` would have done nothing else: `only_stores` makes sure of it.
- Unknown fields are looked for only where msgspec found one: a page is read as if it had none, and if it has, once
  more from its plain values, from which `extra` is taken.
- A page is made by one loop, without a call per row or per nested row.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Final, get_args, get_origin

import attrs

from impactive_async._http.exact import Reader, fields_of
from impactive_async._http.hook_source import RowsReader, Source, write_reader
from impactive_async._http.scalars import Misfit, read_decimal, to_utc
from impactive_async._http.structs import UNREADABLE, has_struct, page_body_reader, page_reader, row_body_reader

_NOTHINGS: Final = repeat(None)


class Unsure(Exception):  # noqa: N818 - not an error: the exact decoder decides
    """The fast decoder does not know what to make of a row."""


_DOUBTS: Final = (*UNREADABLE, Unsure, Misfit, LookupError, TypeError, ValueError)
"""What msgspec and straight-line code raise where a row is not as it should be."""


@attrs.frozen
class FastDecoder:
    """Reads rows of one class, or is `Unsure`."""

    _struct_of_body: Callable[[bytes], Any]
    _structs_of_body: Callable[[bytes], list[Any]]
    _structs_of_values: Callable[[Any], list[Any]]
    _known_part_of_values: Callable[[Any], list[Any]]
    _rows: RowsReader

    def row_of_body(self, body: bytes) -> Any:
        """The row that bytes are, if it has no unknown fields."""
        try:
            return self._rows((self._struct_of_body(body),), _NOTHINGS)[0]
        except _DOUBTS as doubt:
            raise Unsure from doubt

    def page_of_body(self, body: bytes) -> list[Any]:
        """The rows of a page of bytes: a bare array of rows without unknown fields."""
        try:
            return self._rows(self._structs_of_body(body), _NOTHINGS)
        except _DOUBTS as doubt:
            raise Unsure from doubt

    def page(self, values: Sequence[Any]) -> list[Any]:
        """The rows of a page of plain values."""
        try:
            return self._rows(self._structs_of_values(values), _NOTHINGS)
        except _DOUBTS:
            pass
        try:
            return self._rows(self._known_part_of_values(values), values)
        except _DOUBTS as doubt:
            raise Unsure from doubt


@functools.cache
def fast_decoder(cls: type) -> FastDecoder | None:
    """The fast decoder of a row class; `None` if it has to be left to the exact one."""
    if not only_stores(cls) or not has_struct(cls):
        return None
    return FastDecoder(
        row_body_reader(cls),
        page_body_reader(cls),
        page_reader(cls, closed=True),
        page_reader(cls, closed=False),
        _rows_reader(cls),
    )


def fast_row_reader(fast: FastDecoder, exact: Reader) -> Reader:
    """The structure hook of a row: what `fast` is unsure of goes to `exact`."""
    page = fast.page

    def read_row(raw: Any, kind: Any) -> Any:
        try:
            return page((raw,))[0]
        except Unsure:
            return exact(raw, kind)

    return read_row


def only_stores(cls: type) -> bool:
    """Whether `__init__`, also of nested rows, just stores its arguments: storing them is as good as a call."""
    plain = not any(field.validator or field.converter for field in attrs.fields(cls))
    hooked = any(hasattr(cls, f"__attrs_{hook}__") for hook in ("pre_init", "post_init", "init"))
    return plain and not hooked and all(map(only_stores, _nested(cls)))


def _nested(cls: type) -> Iterator[type]:
    for field in fields_of(cls):
        kind = get_args(field.type)[0] if get_origin(field.type) is tuple else field.type
        if attrs.has(kind):
            yield kind


def nascent(cls: type) -> type:
    """A subclass of `cls` with its very layout, whose instances are empty at first and can be assigned to."""
    body = {
        "__slots__": (),
        "__doc__": f"A {cls.__name__} whose fields are still being filled in.",
        "__init__": object.__init__,
        # These two share a slot of the C type: only together do they make a store a plain one.
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    return type(f"Nascent{cls.__name__}", (cls,), body)


def unknown_fields(raw: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    """What the contract does not name, as it came."""
    return {key: raw[key] for key in raw if key not in known}


@functools.cache
def _rows_reader(cls: type) -> RowsReader:
    return compile_reader(reader_source(cls), f"reader of {cls.__name__}")


def reader_source(cls: type) -> Source:
    """The text of the function that makes rows of structs, to be compiled."""
    scope = {
        "UTC": UTC,
        "Unsure": Unsure,
        "fromisoformat": datetime.fromisoformat,
        "nothings": _NOTHINGS,
        "read_decimal": read_decimal,
        "to_utc": to_utc,
        "unknown_fields": unknown_fields,
    }
    return write_reader(cls, Source(nascent=nascent, reader_of=_rows_reader, scope=scope))


def compile_reader(source: Source, title: str) -> RowsReader:
    """The function `read`, with its text where tracebacks and debuggers look for it."""
    text = "\n".join(source.lines) + "\n"
    filename = f"<impactive_async {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), source.scope)  # noqa: S102 - made of names in our own annotations
    read: RowsReader = source.scope["read"]
    return read
