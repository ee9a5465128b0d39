"""The text of the fast decoders (`hooks.py`), written from a row's annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, get_args, get_origin

import attrs

from impactive_async._http.exact import Field, fields_of, is_open_enum, local_fields, members_of

_INDENT: Final = "    "
_EXACT_TYPES: Final = (str, int, bool)

Lines = Iterator[str]


@attrs.frozen
class Source:
    """Lines of a module, and what the names in them mean."""

    nascent: Callable[[type], type]
    hook: Callable[[Any], Callable[[Any, Any], Any]]
    scope: dict[str, Any]
    lines: list[str] = attrs.field(factory=list)

    def name(self, name: str, meaning: Any) -> str:
        """Let `name` mean something in the generated text."""
        self.scope[name] = meaning
        return name


def write_row_reader(cls: type, source: Source) -> Source:
    """Write `read(raw) -> row`. It expects fields to be absent."""
    source.lines.append("def read(raw):")
    source.lines.append(f"    full = {_blank(cls, source)} | raw")
    source.lines.extend(_indent(_fill(cls, source, "full", "row", inline=False)))
    source.lines.append(f"{_INDENT}return row")
    return source


def write_page_reader(cls: type, source: Source) -> Source:
    """Write `read(rows) -> list`. A row it is unsure of goes to `recover`."""
    source.lines.extend(["def read(rows):", "    page = []", "    for raw in rows:", "        try:"])
    source.lines.append(f"            full = {_pad(cls, source, 'raw')}")
    source.lines.extend(_indent(_fill(cls, source, "full", "row", inline=True), 3))
    source.lines.extend(
        [
            "        except doubts:",
            f"            row = recover(raw, {cls.__name__})",
            "        page.append(row)",
            "    return page",
        ]
    )
    return source


def _indent(lines: Lines, depth: int = 1) -> Lines:
    return (_INDENT * depth + line for line in lines)


def _blank(cls: type, source: Source) -> str:
    """A row of `cls` without a value in any field; also the set of their names."""
    return source.name(f"blank_{cls.__name__}", dict.fromkeys(field.wire for field in fields_of(cls)))


def _pad(cls: type, source: Source, raw: str) -> str:
    """The row `raw`, with `None` for absent fields unless it looks complete."""
    return f"{raw} if len({raw}) >= {len(fields_of(cls))} else {_blank(cls, source)} | {raw}"


def _fill(cls: type, source: Source, raw: str, row: str, *, inline: bool) -> Lines:
    """Build the instance `row` of `cls` from the dict `raw`, in which no field is absent."""
    fields = fields_of(cls)
    name = source.name(cls.__name__, cls)
    yield f"{row} = {source.name(f'Nascent{name}', source.nascent(cls))}()"
    for field in fields:
        yield f'value = {raw}["{field.wire}"]'
        yield from _read(field, f"{name}_{field.name}", source, inline=inline)
        yield f"{row}.{field.name} = value"
    for attribute, default in local_fields(cls).items():
        yield f"{row}.{attribute} = {source.name(f'default_{name}_{attribute}', default)}"
    yield f"{row}.extra = {{}} if len({raw}) == {len(fields)} else unknown_fields({raw}, {_blank(cls, source)})"
    yield f"{row}.__class__ = {name}"


def _read(field: Field, label: str, source: Source, *, inline: bool) -> Lines:
    """Turn the local `value` into what the field holds; `label` is the field's name among all in the module."""
    convert = _convert(field, label, source, inline=inline)
    if field.required:
        yield from convert
    elif field.default is None:
        yield "if value is not None:"
        yield from _indent(convert)
    else:
        yield "if value is None:"
        yield f"    value = {source.name(f'default_{label}', field.default)}"
        yield "else:"
        yield from _indent(convert)


def _convert(field: Field, label: str, source: Source, *, inline: bool) -> Lines:
    if field.type in _EXACT_TYPES:
        return _check_type(field)
    if field.type is datetime:
        return _read_instant()
    if is_open_enum(field.type):
        return _read_open_enum(field.type, source)
    if get_origin(field.type) is tuple and get_args(field.type)[0] is str:
        return _read_strings()
    if inline and attrs.has(field.type):
        return _read_nested(field, source)
    return iter((f"value = {source.name(f'read_{label}', source.hook(field.type))}(value, None)",))


def _check_type(field: Field) -> Lines:
    empty = " or not value" if field.name == "id" else ""
    yield f"if type(value) is not {field.type.__name__}{empty}:"
    yield "    raise Unsure"


def _read_instant() -> Lines:
    yield "value = fromisoformat(value)"
    yield "if value.tzinfo is not UTC:"
    yield "    value = to_utc(value)"


def _read_open_enum(kind: Any, source: Source) -> Lines:
    members = members_of(kind)
    find = source.name(f"find_{get_args(kind)[0].__name__}", members.get)
    yield "if type(value) is not str:"
    yield "    raise Unsure"
    yield f"value = {find}(value, value)"


def _read_strings() -> Lines:
    yield "if type(value) is not list:"
    yield "    raise Unsure"
    yield "for item in value:"
    yield "    if type(item) is not str:"
    yield "        raise Unsure"
    yield "value = tuple(value)"


def _read_nested(field: Field, source: Source) -> Lines:
    """Read a nested row in place; its own fields use the local `value` too, so its row is kept aside."""
    raw, row = f"full_{field.name}", f"row_{field.name}"
    yield f"{raw} = {_pad(field.type, source, 'value')}"
    yield from _fill(field.type, source, raw, row, inline=False)
    yield f"value = {row}"
