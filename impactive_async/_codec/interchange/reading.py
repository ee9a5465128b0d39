"""Rows out of the dicts that `to_dict` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from impactive_async._codec.brief import brief
from impactive_async._codec.exact import exact_reader, named_reader
from impactive_async._codec.interchange.classes import check_row_class
from impactive_async._codec.scalars import Misfit
from impactive_async.errors import InvalidArgumentError

T = TypeVar("T")


def from_dict(cls: type[T], data: Mapping[str, Any], *, wire: bool = False) -> T:
    """Return the row that `to_dict` gave this dict for, or that it would give it for.

    Fields that may be `None` may be missing. Nothing is converted: `"1"` is no whole number.

    Args:
        cls: The class of the row, such as `Contact`.
        data: The dict, as it was or out of a JSON document.
        wire: The dict has the wire's names. Unknown ones go into `extra`; without `wire` they are refused.

    Raises:
        InvalidArgumentError: The dict is no such row. The error names the place, and shows what was found there.
    """
    check_row_class(cls, "from_dict")
    try:
        row: T = (exact_reader if wire else named_reader)(cls)(data, cls)
    except Misfit as misfit:
        where = f"{cls.__name__}{misfit.path}"
        raise InvalidArgumentError(f"{where}: {misfit.message}; found {brief(misfit.value)}") from None
    return row
