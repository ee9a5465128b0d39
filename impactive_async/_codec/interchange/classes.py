"""Which classes are rows of the API, or drafts of them."""

from __future__ import annotations

import attrs

from impactive_async.errors import InvalidArgumentError


def check_row_class(cls: object, function: str) -> None:
    """Accept a class of rows or drafts.

    Raises:
        InvalidArgumentError: It is something else, such as a row.
    """
    if not (isinstance(cls, type) and attrs.has(cls) and "extra" in attrs.fields_dict(cls)):
        name = cls.__name__ if isinstance(cls, type) else f"a {type(cls).__name__}"
        raise InvalidArgumentError(f"{function} takes a class of rows, such as Contact, not {name}")
