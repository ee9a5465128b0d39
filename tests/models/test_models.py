"""The rows as values: what every row class has in common."""

import inspect
from datetime import UTC, datetime
from typing import Any, get_type_hints

import attrs
import pytest

from impactive_async import models
from impactive_async.models import Contact, EnrollmentStatus, EnrollResult, Sequence, SequenceStatus

CLASSES = [value for name in models.__all__ if attrs.has(value := getattr(models, name))]
ROWS = [cls for cls in CLASSES if "extra" in attrs.fields_dict(cls)]


@pytest.mark.parametrize("cls", CLASSES)
def test_values_are_frozen_and_slotted(cls: type[Any]) -> None:
    """Every public value is frozen, and takes no attribute that its class does not name."""
    assert not hasattr(object.__new__(cls), "__dict__")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        object.__new__(cls).anything = 1


@pytest.mark.parametrize("cls", ROWS)
def test_rows_are_built_by_keyword(cls: type[Any]) -> None:
    """Rows and drafts take keywords alone, so that fields can be added in any place."""
    parameters = inspect.signature(cls).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)


@pytest.mark.parametrize("cls", ROWS)
def test_rows_keep_unknown_fields_without_hashing_them(cls: type[Any]) -> None:
    """`extra` is there on every row, empty by default, part of equality and not of the hash."""
    extra = attrs.fields_dict(cls)["extra"]
    assert isinstance(extra.default, attrs.Factory)  # type: ignore[arg-type]
    assert (extra.eq, extra.hash) == (True, False)
    assert list(attrs.fields_dict(cls))[-1] == "extra"


@pytest.mark.parametrize("cls", ROWS)
def test_annotations_are_ones_the_codec_knows(cls: type[Any]) -> None:
    """Every annotation resolves, and every optional field defaults to `None`."""
    types = get_type_hints(cls)
    for name, field in attrs.fields_dict(cls).items():
        if type(None) in getattr(types[name], "__args__", ()):
            assert field.default is None, name


def test_rows_compare_by_value() -> None:
    """Equal fields make equal rows with equal hashes; unknown fields count for equality."""
    one = Contact(id="1", first_name="Ada", last_name="Lovelace", extra={"tags": ["x"]})
    same = Contact(id="1", first_name="Ada", last_name="Lovelace", extra={"tags": ["x"]})
    other = attrs.evolve(one, extra={})
    assert (one, hash(one)) == (same, hash(same))
    assert one != other
    assert hash(one) == hash(other)
    assert len({one, same, other}) == 2


def test_statuses_are_strings() -> None:
    """A status compares and prints as the wire's string."""
    row = Sequence(id="1", name="n", status=SequenceStatus.ACTIVE, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert row.status == "active"
    assert f"{row.status}" == "active"
    assert EnrollmentStatus("paused") is EnrollmentStatus.PAUSED


@pytest.mark.parametrize("missing", ["id", "first_name", "last_name"])
def test_required_fields_are_required(missing: str) -> None:
    """A row cannot be built without what the contract always gives."""
    fields: dict[str, Any] = {"id": "1", "first_name": "Ada", "last_name": "Lovelace"}
    del fields[missing]
    with pytest.raises(TypeError, match=missing):
        Contact(**fields)


def test_attempts_belong_to_the_client() -> None:
    """The number of attempts is not a field of the wire."""
    assert attrs.fields(EnrollResult).attempts.metadata["wire"] is False
    assert EnrollResult(enrolled_count=1).attempts == 1
