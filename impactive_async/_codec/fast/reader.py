"""The fast readers: from bytes, or plain values, to structs (`structs.py`), and from structs to rows.

msgspec checks every type on the way into a struct. A loop that is generated once per row class makes rows of the
structs. A fast reader that is not sure returns `None`, and the exact reader (`exact.py`) accepts the row or says
what is wrong with it. So a fast reader changes no meaning: what it accepts, the exact reader accepts with the same
result.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Final, get_args

import attrs

from impactive_async._codec.fast.source import LoopText, RowMaker, write_maker
from impactive_async._codec.fast.structs import (
    UNREADABLE,
    UNSET,
    has_struct,
    open_structs,
    page_decoder,
    row_decoder,
)
from impactive_async._codec.fast.undocumented import Places, Undocumented
from impactive_async._codec.fields import fields_of, is_array
from impactive_async._codec.json_bytes import loads
from impactive_async._codec.scalars import Misfit, is_one_address, read_decimal, utc_of

_DOUBTS: Final = (*UNREADABLE, Misfit, LookupError, TypeError, ValueError)
"""What msgspec and the generated loop raise for a row that they cannot read."""


@attrs.define
class FastReader:
    """Reads rows of one class. Each method returns `None` where the exact reader has to decide."""

    _cls: type
    _struct_of: Callable[[bytes], Any]
    _open_structs_of: Callable[[Sequence[Any]], list[Any]]
    _rows: RowMaker
    _page: tuple[Callable[[bytes | memoryview], list[Any]], RowMaker]
    """Makes structs of a page, and rows of them: at first without, later with the undocumented fields learnt."""
    _undocumented: Undocumented = attrs.field(factory=Undocumented)

    def row(self, body: bytes) -> Any | None:
        """Read the JSON text of a row without unknown fields."""
        try:
            return self._rows((self._struct_of(body),))[0]
        except _DOUBTS:
            return None

    def rows(self, body: bytes | memoryview) -> list[Any] | None:
        """Read the JSON text of an array of rows without unknown fields, but for those that were learnt."""
        structs_of, rows = self._page
        try:
            return rows(structs_of(body))
        except _DOUBTS:
            return None

    def learn(self, rows: Sequence[Any]) -> None:
        """Learn the unknown fields of rows, for the pages to come."""
        if self._undocumented.learn(self._cls, rows):
            places = self._undocumented.places
            self._page = page_decoder(self._cls, places), _row_maker(self._cls, places)

    def rows_of_values(self, values: Sequence[Any]) -> list[Any] | None:
        """Read rows from their plain values, with or without unknown fields."""
        rows = _row_maker(self._cls, keeps=True)
        try:
            return rows(self._open_structs_of(values), values)
        except _DOUBTS:
            return None


def _made(cls: type) -> FastReader | None:
    if not only_stores(cls) or not has_struct(cls):
        return None
    rows = _row_maker(cls)
    return FastReader(cls, row_decoder(cls), open_structs(cls), rows, (page_decoder(cls), rows))


fast_reader: Final[Callable[[type], FastReader | None]] = functools.cache(_made)
"""Returns the fast reader of a row class; `None` if only the exact reader can read it."""


def only_stores(cls: type) -> bool:
    """Whether `__init__` of a row, and of the rows nested in it, does nothing but store its arguments."""
    plain = not any(field.validator or field.converter for field in attrs.fields(cls))
    hooked = any(hasattr(cls, f"__attrs_{hook}__") for hook in ("pre_init", "post_init", "init"))
    return plain and not hooked and all(map(only_stores, _nested(cls)))


def _nested(cls: type) -> Iterator[type]:
    for field in fields_of(cls):
        kind = get_args(field.type)[0] if is_array(field.type) else field.type
        if attrs.has(kind):
            yield kind


def nascent(cls: type) -> type:
    """Make a subclass with the same layout, whose instances start empty and can be assigned to.

    The generated loop fills such an instance, and then sets its `__class__` to `cls`, which Python allows between
    equal layouts. `__init__` of a frozen class calls `object.__setattr__` for each field instead, at several times
    the cost of an assignment: a page would take up to two and a half times as long (`docs/performance.md`). The
    row is the same either way, as `only_stores` has made sure.
    """
    body = {
        "__slots__": (),
        "__doc__": f"A {cls.__name__} whose fields are still being filled in.",
        "__init__": object.__init__,
        # These two share a slot of the C type: only together do they make an assignment a plain one.
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    return type(f"Nascent{cls.__name__}", (cls,), body)


def unknown_fields(raw: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    """Return the fields that the contract does not name, as they came."""
    return {key: raw[key] for key in raw if key not in known}


@functools.cache
def _row_maker(cls: type, places: Places = (), *, keeps: bool = False) -> RowMaker:
    more = ", with undocumented fields" if places else ", with unknown fields" if keeps else ""
    return compile_maker(maker_source(cls, places, keeps=keeps), f"reader of {cls.__name__}{more}")


def maker_source(cls: type, places: Places = (), *, keeps: bool = False) -> LoopText:
    """Return the text of the function that makes rows of structs."""
    scope = {
        "UNSET": UNSET,
        "UTC": UTC,
        "fromisoformat": datetime.fromisoformat,
        "is_one_address": is_one_address,
        "loads": loads,
        "read_decimal": read_decimal,
        "unknown_fields": unknown_fields,
        "utc_of": utc_of,
    }
    maker_of = functools.partial(_row_maker, places=places, keeps=keeps)
    return write_maker(cls, LoopText(nascent=nascent, maker_of=maker_of, scope=scope, keeps=keeps, places=places))


def compile_maker(source: LoopText, title: str) -> RowMaker:
    """Compile the function `read`.

    The loop is generated, because one that looks up a getter, a converter and a setter for each field takes up to
    two and a half times as long (`docs/performance.md`). Its text is put where tracebacks and debuggers look for
    it.
    """
    text = "\n".join(source.lines) + "\n"
    filename = f"<impactive_async {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), source.scope)  # noqa: S102 - made of names in our own annotations
    read: RowMaker = source.scope["read"]
    return read
