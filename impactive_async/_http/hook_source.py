"""The text of the fast decoders (`hooks.py`), written from a row's annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args, get_origin

import attrs

from impactive_async._http.exact import Field, fields_of, is_open_enum, local_fields, members_of

_INDENT: Final = "    "

Lines = Iterator[str]
RowsReader = Callable[[Any, Any], list[Any]]
"""Makes rows of structs and the plain values they were read from: `None` for each that holds nothing else."""


@attrs.frozen
class Source:
    """Lines of a module, and what the names in them mean."""

    nascent: Callable[[type], type]
    reader_of: Callable[[type], RowsReader]
    scope: dict[str, Any]
    lines: list[str] = attrs.field(factory=list)

    def name(self, name: str, meaning: Any) -> str:
        """Let `name` mean something in the generated text."""
        self.scope[name] = meaning
        return name


def write_reader(cls: type, source: Source) -> Source:
    """Write `read(structs, raws) -> list`; see `RowsReader`."""
    source.lines.extend(
        ["def read(structs, raws):", "    page = []", "    for struct, raw in zip(structs, raws):"]
    )
    source.lines.extend(_indent(_fill(cls, source, struct="struct", raw="raw", row="row"), 2))
    source.lines.extend(["        page.append(row)", "    return page"])
    return source


def _indent(lines: Lines, depth: int = 1) -> Lines:
    return (_INDENT * depth + line for line in lines)


def _fill(cls: type, source: Source, *, struct: str, raw: str, row: str) -> Lines:
    """Build the instance `row` of `cls` from `struct`, and what is not in that from `raw`."""
    fields, name = fields_of(cls), source.name(cls.__name__, cls)
    yield f"{row} = {source.name(f'Nascent{name}', source.nascent(cls))}()"
    for field in fields:
        yield from _read(field, f"{name}_{field.name}", source, struct, raw)
        yield f"{row}.{field.name} = value"
    for attribute, default in local_fields(cls).items():
        yield f"{row}.{attribute} = {source.name(f'default_{name}_{attribute}', default)}"
    known = source.name(f"known_{name}", frozenset(field.wire for field in fields))
    yield f"{row}.extra = {{}} if {raw} is None else unknown_fields({raw}, {known})"
    yield f"{row}.__class__ = {name}"


def _read(field: Field, label: str, source: Source, struct: str, raw: str) -> Lines:
    """Set the local `value` to what the field holds; `label` is the field's name among all in the module."""
    convert = list(_convert(field, source, raw))
    yield f"value = {struct}.{field.name}"
    if field.required:
        yield from convert
    elif field.default is None:
        if convert:
            yield "if value is not None:"
            yield from _indent(iter(convert))
    else:
        yield "if value is None:"
        yield f"    value = {source.name(f'default_{label}', field.default)}"
        if convert:
            yield "else:"
            yield from _indent(iter(convert))


def _convert(field: Field, source: Source, raw: str) -> Lines:
    """Turn the local `value` from what the struct holds into what the row does."""
    if field.name == "id":
        yield "if not value:"
        yield "    raise Unsure"
    elif field.type is datetime:
        yield "value = fromisoformat(value)"
        yield "if value.tzinfo is not UTC:"
        yield "    value = to_utc(value)"
    elif field.type is Decimal:
        yield "value = read_decimal(value)"
    elif is_open_enum(field.type):
        find = source.name(f"find_{get_args(field.type)[0].__name__}", members_of(field.type).get)
        yield f"value = {find}(value, value)"
    elif get_origin(field.type) is tuple:
        yield from _read_array(field, source, raw)
    elif attrs.has(field.type):
        yield from _read_nested(field, source, raw)


def _read_array(field: Field, source: Source, raw: str) -> Lines:
    item = get_args(field.type)[0]
    if item is str:
        yield "if type(value) is str:"
        yield "    value = (value,)"
    else:
        read = source.name(f"read_{item.__name__}", source.reader_of(item))
        yield f'value = tuple({read}(value, nothings if {raw} is None else {raw}["{field.wire}"]))'


def _read_nested(field: Field, source: Source, raw: str) -> Lines:
    """Read a nested row in place; its own fields use the local `value` too, so its row is kept aside."""
    struct, inner, row = (f"{part}_{field.name}" for part in ("struct", "raw", "row"))
    yield f"{struct} = value"
    yield f'{inner} = None if {raw} is None else {raw}["{field.wire}"]'
    yield from _fill(field.type, source, struct=struct, raw=inner, row=row)
    yield f"value = {row}"
