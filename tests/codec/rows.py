"""Arbitrary rows of every class."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

from hypothesis import settings
from hypothesis import strategies as st

from impactive_async import models
from impactive_async._codec.fields import fields_of, is_open_enum, members_of

RESULTS = [models.EnrollResult, models.PauseResult]
ROWS = [
    models.Booking,
    models.Company,
    models.Contact,
    models.Deal,
    models.EnrolledContact,
    models.Enrollment,
    models.EnrollmentCounts,
    models.Invoice,
    models.Project,
    models.Reply,
    models.Send,
    models.SendingAccount,
    models.Sequence,
    models.SkippedContact,
    models.Step,
    models.Workspace,
]
LAWFUL = settings(derandomize=True, deadline=None, max_examples=25)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-(2**63), 2**64 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))


def field_values(kind: Any, *, plain: bool = False) -> st.SearchStrategy[Any]:
    """What a field of this type may hold; `plain`: nothing extraordinary."""
    whole = st.integers(-(2**63), 2**63 - 1) if plain else integers
    simple = {str: texts, int: whole, bool: st.booleans(), datetime: moments}
    if kind in simple:
        return simple[kind]
    if kind is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False)
    if is_open_enum(kind):
        return st.sampled_from(sorted(members_of(kind).values())) | texts
    if get_origin(kind) is tuple:
        return st.lists(field_values(get_args(kind)[0], plain=plain), max_size=2).map(tuple)
    return rows_of(kind, plain=plain)


def rows_of(cls: type[Any], *, plain: bool = False) -> st.SearchStrategy[Any]:
    """Rows of a class, with unknown fields unless they are to be plain."""
    fields = fields_of(cls)
    known = {field.wire for field in fields}
    parts = {field.name: field_values(field.type, plain=plain) for field in fields}
    for field in fields:
        if field.name == "id":
            parts["id"] = texts.filter(bool)
        elif field.default is None:
            parts[field.name] = st.none() | parts[field.name]
    unknown = st.dictionaries(texts.filter(lambda key: key not in known), values, max_size=2)
    return st.builds(cls, **parts, extra=st.just({}) if plain else unknown)
