"""The functions that make tables, and what they accept as rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from impactive_async import Event, Gap, RowList
from impactive_async.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class TruncatedRowsWarning(UserWarning):
    """The rows of a table are not all that there are: a sum over them may be wrong."""


def arrow_schema(model: type[attrs.AttrsInstance], *, extra: bool = True) -> pa.Schema:
    """Return the Arrow schema of the tables of a class of rows. It is the same for all rows of the class.

    Args:
        model: The class, such as `Deal`.
        extra: Whether there is the column `extra`: unknown fields as a JSON text, null where there are none.

    Raises:
        ConfigurationError: PyArrow is not installed.
        InvalidArgumentError: This is no class of rows.
    """
    schema: pa.Schema = _arrow("arrow").schema_of(_checked(model), extra=extra)
    return schema


def to_arrow(
    rows: Iterable[attrs.AttrsInstance], *, model: type[attrs.AttrsInstance] | None = None, extra: bool = True
) -> pa.Table:
    """Return rows of one class as an Arrow table.

    Amounts are `decimal128(38, 9)`, moments are microseconds in UTC, statuses are dictionaries of texts, and
    nested rows are structs. Half of a surrogate pair, which Arrow has no form of, becomes `�`.

    Args:
        rows: The rows, such as a `list` method returns.
        model: Their class, such as `Deal`. It is needed where there may be no row.
        extra: Whether unknown fields become the column `extra`, a JSON text; it is null where there are none.

    Raises:
        ConfigurationError: PyArrow is not installed.
        InvalidArgumentError: The rows are of several classes or of another one than `model`, there are none and
            `model` is not given, or a value does not fit: an amount with more than nine decimal places, a moment
            without a zone, a whole number beyond 64 bits. The message names the row and the field.

    Warns:
        TruncatedRowsWarning: `rows.truncated` is set: the API may have more rows.
    """
    return _table(rows, model, "arrow", extra=extra)


def to_pandas(
    rows: Iterable[attrs.AttrsInstance], *, model: type[attrs.AttrsInstance] | None = None, extra: bool = True
) -> pd.DataFrame:
    """Return rows of one class as a DataFrame of pandas.

    Amounts are exact decimals that can be summed and plotted (`decimal128(38, 9)[pyarrow]`), moments are
    `datetime64[us, UTC]`, statuses are categories, and whole numbers stay whole where some are missing.

    Args:
        rows: As of `to_arrow`, and so are `model`, `extra`, errors and the warning.
        model: The class of the rows.
        extra: Whether there is the column `extra`.

    Raises:
        ConfigurationError: pandas is not installed.
        InvalidArgumentError: As of `to_arrow`.
    """
    pandas = _needed("pandas", "pandas")
    arrow = _arrow("pandas")
    table = _table(rows, model, "pandas", extra=extra)
    frame: pd.DataFrame = table.to_pandas(types_mapper=lambda kind: arrow.pandas_type(pandas, kind))
    return frame


def to_polars(
    rows: Iterable[attrs.AttrsInstance], *, model: type[attrs.AttrsInstance] | None = None, extra: bool = True
) -> pl.DataFrame:
    """Return rows of one class as a DataFrame of polars.

    Args:
        rows: As of `to_arrow`, and so are `model`, `extra`, errors and the warning.
        model: The class of the rows.
        extra: Whether there is the column `extra`.

    Raises:
        ConfigurationError: polars is not installed.
        InvalidArgumentError: As of `to_arrow`.
    """
    polars = _needed("polars", "polars")
    frame: pl.DataFrame = polars.from_arrow(_table(rows, model, "polars", extra=extra))
    return frame


def _table(rows: Any, model: Any, library: str, *, extra: bool) -> pa.Table:
    arrow = _arrow(library)
    listed = _listed(rows, f"to_{library}")
    cls = _class_of(listed, model)
    if isinstance(rows, RowList) and rows.truncated:
        _warn(rows, len(listed))
    table: pa.Table = arrow.table_of(listed, cls, extra=extra)
    return table


def _listed(rows: Any, function: str) -> Sequence[Any]:
    try:
        return rows if isinstance(rows, list | tuple) else list(rows)
    except TypeError:
        raise InvalidArgumentError(
            f"{function} takes a list of rows, not {type(rows).__name__}; gather the rows of a stream first"
        ) from None


def _class_of(rows: Sequence[Any], model: Any) -> type:
    """Return the one class of all rows."""
    found = {type(row): None for row in rows}
    if not found and model is None:
        raise InvalidArgumentError("there are no rows: say of which class the table is, as with model=Deal")
    classes = list(found if model is None else {model: None, **found})
    if len(classes) > 1:
        names = " and ".join(sorted(cls.__name__ for cls in found))
        wanted = "" if model is None else f", and not of {_checked(model).__name__}"
        raise InvalidArgumentError(
            f"the rows of a table are of one class: these are of {names}{wanted}; make a table of each class"
        )
    return _checked(classes[0])


def _checked(model: Any) -> type:
    if isinstance(model, type) and issubclass(model, Event):
        raise InvalidArgumentError("events have rows of several classes: take `event.row` of each")
    if not (isinstance(model, type) and attrs.has(model) and "extra" in attrs.fields_dict(model)):
        name = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
        raise InvalidArgumentError(f"a table is made of rows of the API, such as Deal; {name} is no class of them")
    return model


def _warn(rows: RowList[Any], count: int) -> None:
    others = _when(rows.gap)
    warnings.warn(
        f"The API may have more rows than the {count} here{others}: a sum over them may be wrong. `list_all` of "
        "the lists of `crm.zapier` gathers what can be reached, and a sync keeps what comes from now on.",
        TruncatedRowsWarning,
        stacklevel=4,
    )


def _when(gap: Gap | None) -> str:
    """Return when the rows that are missing changed last, as far as it is known."""
    ends = {} if gap is None else {"from": gap.after, "up to": gap.before}
    said = " ".join(f"{word} {moment}" for word, moment in ends.items() if moment is not None)
    return f", last changed {said}" if said else ""


def _arrow(extra: str) -> ModuleType:
    _needed("pyarrow", extra)
    from impactive_async.frames import arrow

    return arrow


def _needed(library: str, extra: str) -> ModuleType:
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"This table needs {error.name}, which is not installed: pip install 'impactive-async[{extra}]'"
        ) from error
