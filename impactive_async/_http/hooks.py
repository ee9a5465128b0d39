"""Fast decoders, generated once per row class by cattrs' hook factories.

A generated decoder is straight-line code for a row that is as it should be: every field present, every type exact.
Of anything else it is `Unsure`, and leaves it to the exact decoder, which accepts it or says what is wrong. So
speed decides nothing about meaning: what the fast decoder accepts, the exact one accepts with the same result.

Where the time would go otherwise, and what is done instead:

- `__init__` of a frozen class stores each field through `object.__setattr__`, at many times the price of a plain
  store. A row is therefore filled while it is *nascent*: an instance of a subclass that adds no state and allows
  assignment. Then its `__class__` becomes the row class, as Python supports between equal layouts, and from then
  on it is frozen like any other. `__init__` would have done nothing else: `only_stores` makes sure of it.
- Absent and `null` mean the same: a row that lacks fields is padded with `None` and read by the same code.
- A row with as many keys as we know fields, all of which are there, has no unknown ones; with fewer it lacks some.
  (One that lacks some and has enough unknown ones to look complete is found out by a `KeyError`, and read again.)
- A page is read by one loop, without a call per row or per nested row.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import attrs
from cattrs import Converter

from impactive_async._http.exact import Reader
from impactive_async._http.hook_source import Source, write_page_reader, write_row_reader
from impactive_async._http.scalars import Misfit, to_utc

PageReader = Callable[[Iterable[Any], Any], list[Any]]


class Unsure(Exception):  # noqa: N818 - not an error: the exact decoder decides
    """The fast decoder does not know what to make of a row."""


DOUBTS: Final = (Unsure, Misfit, KeyError, TypeError, ValueError)
"""What straight-line code raises where a row is not as it should be."""


def fast_row_reader(cls: type, exact: Reader, converter: Converter) -> Reader:
    """The structure hook of a row: fast where that is possible, else `exact`."""
    if not only_stores(cls):
        return exact
    read = compile_reader(write_row_reader(cls, _source(converter)), f"row reader of {cls.__name__}")

    def read_row(raw: Any, kind: Any) -> Any:
        try:
            return read(raw)
        except DOUBTS:
            return exact(raw, kind)

    return read_row


def fast_page_reader(cls: type, converter: Converter) -> PageReader:
    """The structure hook of `list[cls]`: one generated loop; what it is unsure of goes to the hook of `cls`.

    `cls` is one that `only_stores`.
    """
    read = compile_reader(page_source(cls, converter), f"page reader of {cls.__name__}")
    return lambda rows, _: read(rows)


def page_source(cls: type, converter: Converter) -> Source:
    """The text of `read(rows) -> list`, to be compiled."""
    source = _source(converter)
    source.scope["recover"] = converter.get_structure_hook(cls)
    return write_page_reader(cls, source)


def only_stores(cls: type) -> bool:
    """Whether `__init__` does nothing but store its arguments, so that storing them is as good as calling it."""
    plain = not any(field.validator or field.converter for field in attrs.fields(cls))
    return plain and not any(hasattr(cls, f"__attrs_{hook}__") for hook in ("pre_init", "post_init", "init"))


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


def unknown_fields(raw: Mapping[str, Any], known: Mapping[str, None]) -> dict[str, Any]:
    """What the contract does not name, as it came."""
    return {key: raw[key] for key in raw if key not in known}


def _source(converter: Converter) -> Source:
    scope = {
        "UTC": UTC,
        "Unsure": Unsure,
        "doubts": DOUBTS,
        "fromisoformat": datetime.fromisoformat,
        "to_utc": to_utc,
        "unknown_fields": unknown_fields,
    }
    return Source(nascent=nascent, hook=converter.get_structure_hook, scope=scope)


def compile_reader(source: Source, title: str) -> Callable[[Any], Any]:
    """The function `read`, with its text where tracebacks and debuggers look for it."""
    text = "\n".join(source.lines) + "\n"
    filename = f"<impactive_async {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), source.scope)  # noqa: S102 - made of names in our own annotations
    read: Callable[[Any], Any] = source.scope["read"]
    return read
