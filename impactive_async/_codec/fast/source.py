"""Writes the text of the loops that make rows of structs (`reader.py`) from the annotations of row classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args

import attrs

from impactive_async._codec.fast.structs import place
from impactive_async._codec.fast.undocumented import Places
from impactive_async._codec.fields import Field, fields_of, is_array, is_open_enum, local_fields_of, members_of

_INDENT: Final = "    "

Lines = Iterator[str]
RowMaker = Callable[..., list[Any]]
"""Makes rows of structs.

If it keeps unknown fields (`LoopText.keeps`), a second argument has the plain values that structs were read from.
"""


@attrs.frozen
class LoopText:
    """The lines of a module, and the values of the names in them.

    Attributes:
        nascent: Makes the class that rows of a class are filled in as.
        maker_of: Returns the compiled loop of a class.
        scope: The values by name.
        keeps: Whether unknown fields are taken from the plain values.
        places: The undocumented fields that the structs have members for.
        lines: The lines, without line ends.
    """

    nascent: Callable[[type], type]
    maker_of: Callable[[type], RowMaker]
    scope: dict[str, Any]
    keeps: bool = False
    places: Places = ()
    lines: list[str] = attrs.field(factory=list)

    def name(self, name: str, meaning: Any) -> str:
        """Give a name in the text its value; return the name."""
        self.scope[name] = meaning
        return name


def write_maker(cls: type, source: LoopText) -> LoopText:
    """Write the function `read`, which is a `RowMaker`; return the text."""
    structs, loop = (
        ("structs, raws", "struct, raw in zip(structs, raws)")
        if source.keeps
        else ("structs", "struct in structs")
    )
    source.lines.extend([f"def read({structs}):", "    page = []", f"    for {loop}:"])
    source.lines.extend(_indent(_fill(cls, source, struct="struct", raw="raw", row="row"), 2))
    source.lines.extend(["        page.append(row)", "    return page"])
    return source


def _indent(lines: Lines, depth: int = 1) -> Lines:
    return (_INDENT * depth + line for line in lines)


def _fill(cls: type, source: LoopText, *, struct: str, raw: str, row: str) -> Lines:
    """Fill the local `row`, of `cls`, from the local `struct`; take unknown fields from the local `raw`."""
    fields, name = fields_of(cls), source.name(cls.__name__, cls)
    yield f"{row} = {source.name(f'Nascent{name}', source.nascent(cls))}()"
    for field in fields:
        yield from _read(field, f"{name}_{field.name}", source, struct, raw, row)
    for field in local_fields_of(cls):
        yield f"{row}.{field.name} = {source.name(f'default_{name}_{field.name}', field.default)}"
    if source.places:
        yield from _read_undocumented(cls, source, struct, row)
    elif source.keeps:
        known = source.name(f"known_{name}", frozenset(field.wire for field in fields))
        yield f"{row}.extra = unknown_fields({raw}, {known})"
    else:
        yield f"{row}.extra = {{}}"
    yield f"{row}.__class__ = {name}"


def _read_undocumented(cls: type, source: LoopText, struct: str, row: str) -> Lines:
    """Set `extra` of the local `row` to the undocumented fields that the local `struct` has."""
    yield f"{row}.extra = extra = {{}}"
    for number, (name, has_parts) in enumerate(dict(source.places).get(cls, ())):
        yield f"value = {struct}.{place(number)}"
        yield "if value is not UNSET:"
        yield f"    extra[{name!r}] = {'loads(bytes(value))' if has_parts else 'value'}"


def _read(field: Field, label: str, source: LoopText, struct: str, raw: str, row: str) -> Lines:
    """Set a field of the local `row`, perhaps through the local `value`; `label` names its default in the text."""
    convert, got = list(_convert(field, source, raw)), f"{struct}.{field.name}"
    if not convert and (field.required or field.default is None):
        yield f"{row}.{field.name} = {got}"
        return
    yield f"value = {got}"
    if field.required:
        yield from convert
    elif field.default is None:
        yield "if value is not None:"
        yield from _indent(iter(convert))
    else:
        yield "if value is None:"
        yield f"    value = {source.name(f'default_{label}', field.default)}"
        if convert:
            yield "else:"
            yield from _indent(iter(convert))
    yield f"{row}.{field.name} = value"


def _convert(field: Field, source: LoopText, raw: str) -> Lines:
    """Turn the local `value` from the struct's type into the row's."""
    if field.name == "id":
        yield "if not value:"
        yield "    raise ValueError"
    elif field.type is datetime:
        yield "moment = fromisoformat(value)"
        yield "value = moment if moment.tzinfo is UTC else utc_of(moment, value)"
    elif field.type is Decimal:
        yield "value = read_decimal(value)"
    elif is_open_enum(field.type):
        find = source.name(f"find_{get_args(field.type)[0].__name__}", members_of(field.type).get)
        yield f"value = {find}(value, value)"
    elif is_array(field.type):
        yield from _read_array(field, source, raw)
    elif attrs.has(field.type):
        yield from _read_nested(field, source, raw)


def _read_array(field: Field, source: LoopText, raw: str) -> Lines:
    item = get_args(field.type)[0]
    if item is str:
        yield "if type(value) is str:"
        yield "    if not is_one_address(value):"
        yield "        raise ValueError"
        yield "    value = (value,)"
    else:
        read = source.name(f"read_{item.__name__}", source.maker_of(item))
        yield (
            f'value = tuple({read}(value, {raw}["{field.wire}"]))'
            if source.keeps
            else f"value = tuple({read}(value))"
        )


def _read_nested(field: Field, source: LoopText, raw: str) -> Lines:
    """Read a nested row in place.

    Its fields are read through the local `value` too, so its row has a local of its own until it is filled.
    """
    struct, inner, row = (f"{part}_{field.name}" for part in ("struct", "raw", "row"))
    yield f"{struct} = value"
    if source.keeps:
        yield f'{inner} = {raw}["{field.wire}"]'
    yield from _fill(field.type, source, struct=struct, raw=inner, row=row)
    yield f"value = {row}"
