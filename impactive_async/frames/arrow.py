"""Arrow's view of a class of rows: a schema from its annotations, and columns from its rows."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final

import attrs
import pyarrow as pa

from impactive_async.errors import InvalidArgumentError

_MONEY: Final = pa.decimal128(38, 9)
"""As in a database that dlt has filled: 29 digits before the point, 9 behind it."""
_SCALARS: Final[Mapping[Any, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    Decimal: _MONEY,
    datetime: pa.timestamp("us", tz="UTC"),
}
_STATUS: Final = pa.dictionary(pa.int32(), pa.string())
_REFUSED: Final = (pa.ArrowException, ArithmeticError, RecursionError, TypeError, ValueError)
"""What Arrow, and we, raise of a value that does not fit."""

_Convert = Callable[[Any], Any]


@attrs.frozen
class _Column:
    """A column of a table, or a field of a struct.

    Attributes:
        field: Its name and type.
        convert: Returns what Arrow takes for a value that is not `None`; `None`: Arrow takes the value as it is.
    """

    field: pa.Field
    convert: _Convert | None

    def of(self, row: Any) -> Any:
        """Return what Arrow takes for this column of a row."""
        value = getattr(row, self.field.name)
        return value if value is None or self.convert is None else self.convert(value)


def schema_of(cls: type, *, extra: bool) -> pa.Schema:
    """Return the schema of a class of rows."""
    return pa.schema([column.field for column in _columns(cls, extra)])


def table_of(rows: Sequence[Any], cls: type, *, extra: bool) -> pa.Table:
    """Return a table of rows of this class.

    Raises:
        InvalidArgumentError: A value does not fit into its column.
    """
    arrays = [_array(column, rows) for column in _columns(cls, extra)]
    return pa.Table.from_arrays(arrays, schema=schema_of(cls, extra=extra))


def pandas_type(pandas: Any, kind: pa.DataType) -> Any:
    """Return the type of pandas that keeps a type of Arrow exactly; `None`: its usual one does."""
    if pa.types.is_decimal(kind):
        return pandas.ArrowDtype(kind)
    if pa.types.is_int64(kind):
        return pandas.Int64Dtype()
    return pandas.BooleanDtype() if pa.types.is_boolean(kind) else None


def _array(column: _Column, rows: Sequence[Any]) -> pa.Array:
    try:
        values = [column.of(row) for row in rows]
        try:
            return _built(column.field, values)
        except UnicodeEncodeError:
            return _built(column.field, [_in_utf8(value) for value in values])
    except _REFUSED as error:
        raise _misfit(column, rows, error) from error


def _built(field: pa.Field, values: Sequence[Any]) -> pa.Array:
    array = pa.array(values, field.type)
    if array.null_count and not field.nullable:
        raise ValueError("each row has it")
    return array


def _misfit(column: _Column, rows: Sequence[Any], error: Exception) -> InvalidArgumentError:
    """Return the error that names the first row whose value does not fit."""
    row, reason = next(_misfits(column, rows), (None, error))
    value = repr(getattr(row, column.field.name, None))
    shown = value if len(value) <= 80 else f"{value[:79]}…"
    where = f"{type(row).__name__} {getattr(row, 'id', '')}".rstrip()
    return InvalidArgumentError(
        f"{where}: {column.field.name} is {shown}, which does not fit into a column of {column.field.type}: "
        f"{reason}. Change the row with attrs.evolve, or leave it out."
    )


def _misfits(column: _Column, rows: Iterable[Any]) -> Iterator[tuple[Any, Exception]]:
    for row in rows:
        try:
            _built(column.field, [_in_utf8(column.of(row))])
        except _REFUSED as error:
            yield row, error


def _in_utf8(value: Any) -> Any:
    """Return a value in which half of a surrogate pair is replaced: UTF-8 has no form of it."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _in_utf8(item) for key, item in value.items()}
    return [_in_utf8(item) for item in value] if isinstance(value, list) else value


@cache
def _columns(cls: type, extra: bool) -> tuple[_Column, ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        _column(field.name, hints[field.name], extra=extra)
        for field in attrs.fields(cls)
        if extra or field.name != "extra"
    )


def _column(name: str, annotation: Any, *, extra: bool) -> _Column:
    if name == "extra":
        return _Column(pa.field(name, pa.string()), _as_json)
    kinds = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    needed = [kind for kind in kinds if kind is not types.NoneType]
    kind, convert = _type(needed, extra=extra)
    return _Column(pa.field(name, kind, nullable=len(needed) < len(kinds)), convert)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _type(kinds: Sequence[Any], *, extra: bool) -> tuple[pa.DataType, _Convert | None]:
    """Return the type for values of these kinds, and what converts them."""
    kind = kinds[0]
    if len(kinds) == 2 and issubclass(kind, StrEnum) and kinds[1] is str:
        return _STATUS, str
    if typing.get_origin(kind) is tuple:
        item, convert = _type([typing.get_args(kind)[0]], extra=extra)
        return pa.list_(pa.field("element", item, nullable=False)), _each(convert)
    if attrs.has(kind):
        columns = _columns(kind, extra)
        return pa.struct([column.field for column in columns]), _as_struct(columns)
    return _SCALARS[kind], _in_a_zone if kind is datetime else None


def _each(convert: _Convert | None) -> _Convert:
    return lambda values: [value if convert is None else convert(value) for value in values]


def _as_struct(columns: Sequence[_Column]) -> _Convert:
    return lambda row: {column.field.name: column.of(row) for column in columns}


def _in_a_zone(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment without a zone may be any")
    return moment


def _as_json(extra: Mapping[str, Any]) -> str | None:
    if not extra:
        return None
    return json.dumps(dict(extra), ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal | datetime):
        return str(value)
    raise TypeError(f"JSON has no {type(value).__name__}")
