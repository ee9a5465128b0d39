"""The fast readers: generated, legible, and silent about everything but what they are sure of."""

import gc
import linecache
from collections.abc import Mapping
from typing import Any, Optional

import attrs
import orjson
import pytest

from impactive_async._codec.codec import decode_row, decode_rows, read_rows
from impactive_async._codec.exact import exact_reader
from impactive_async._codec.fast.reader import fast_reader, nascent
from impactive_async.errors import DecodeError
from impactive_async.models import Contact, EnrolledContact, Send, Sequence, Step

CONTACT: dict[str, Any] = {"id": "ct_1", "firstName": "Ada", "lastName": "Lovelace"}


def fast_alone(cls: type, raw: object) -> Any:
    """What the fast reader makes of a value without the exact one behind it."""
    fast = fast_reader(cls)
    assert fast is not None
    rows = fast.rows_of_values([raw])
    return None if rows is None else rows[0]


def test_a_lean_row_is_read_fast() -> None:
    """Absent and unknown fields are nothing out of the ordinary: they need no exact decoder."""
    row = fast_alone(EnrolledContact, {"id": "1", "vip": True})
    assert row == EnrolledContact(id="1", extra={"vip": True})


def test_unknown_fields_of_nested_rows_are_read_fast() -> None:
    """Also in rows within rows, alone and in arrays, each unknown field ends in the `extra` of its own row."""
    raw = {
        "id": "1", "name": "Welcome", "tone": "warm",
        "steps": [{"id": "2"}, {"id": "3", "wait": {"hours": 4}}],
        "enrollmentCounts": {"total": 5, "bounced": 1},
    }  # fmt: skip
    row = fast_alone(Sequence, raw)
    assert row.extra == {"tone": "warm"}
    assert [step.extra for step in row.steps] == [{}, {"wait": {"hours": 4}}]
    assert row.enrollment_counts.extra == {"bounced": 1}


def test_one_address_may_stand_for_a_list_of_one() -> None:
    """What the exact decoder lets pass here on every row of a list needs no slow path."""
    raw = {"id": "1", "contactId": "2", "emailDate": "2026-01-01T00:00:00Z", "toAddresses": "a@example.com"}
    assert fast_alone(Send, raw).to_addresses == ("a@example.com",)


@pytest.mark.parametrize("digits", ["1234567", "9999999", "123456999999"])
def test_digits_beyond_microseconds_are_cut_off(digits: str) -> None:
    """By neither decoder is a moment rounded up: as a `since` it would skip rows."""
    raw = {**CONTACT, "updatedAt": f"2026-01-01T00:00:00.{digits}Z"}
    for row in (decode_row(Contact, raw), *read_rows(Contact, orjson.dumps([raw]))):
        assert row.updated_at is not None
        assert row.updated_at.microsecond == int(digits[:6])


@pytest.mark.parametrize("raw", [{}, {"id": 1}, {"id": "1", "email": 2}, None, [], "text"])
def test_what_is_doubtful_is_left_to_the_exact_reader(raw: object) -> None:
    """The fast reader refuses nothing on its own account."""
    assert fast_alone(EnrolledContact, raw) is None


def test_a_nascent_row_can_be_filled_and_becomes_a_row() -> None:
    """Before it is a row its fields can be set and deleted, and afterwards it is a row like any other."""
    row: Any = nascent(EnrolledContact)()
    assert issubclass(type(row), EnrolledContact)
    row.id, row.email = "2", "x"
    del row.email
    row.id, row.first_name, row.last_name, row.email, row.extra = "1", None, None, None, {}
    row.__class__ = EnrolledContact
    assert row == EnrolledContact(id="1")
    assert row.__class__ is EnrolledContact
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(row, "id", "2")  # noqa: B010 - mypy would refuse the plain assignment


def test_the_collector_is_left_alone() -> None:
    """Decoding neither pauses nor freezes the garbage collector."""
    before = gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()
    decode_rows(Contact, [CONTACT] * 10)
    assert (gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()) == before


def test_generated_code_can_be_read() -> None:
    """Tracebacks and debuggers find the text of the generated decoders."""
    decode_rows(Step, [{"id": "1"}])
    text = "".join(linecache.getlines("<impactive_async reader of Step>"))
    assert "row.delay_days = struct.delay_days" in text
    linecache.checkcache()
    assert linecache.getline("<impactive_async reader of Step>", 1) == "def read(structs):\n"


def _seven(instance: object, attribute: object, value: int) -> None:
    if value != 7:
        raise AssertionError("not seven")


@attrs.frozen(kw_only=True)
class Checked:
    """A row class whose `__init__` does more than store."""

    id: str
    number: int = attrs.field(default=7, validator=_seven)
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Measured:
    """Likewise, by a hook."""

    id: str
    label: str | None
    old: Optional[bool] = None  # noqa: UP045 - the older spelling is read too
    length: int = attrs.field(init=False, metadata={"wire": False})
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.id))


@attrs.frozen(kw_only=True)
class Shared:
    """A row class whose rows would share a list."""

    tags: list[str] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Wrapping:
    """A row class that does more than store one level down."""

    id: str
    measured: Measured
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


def test_a_class_that_does_more_than_store_is_constructed() -> None:
    """Whatever `__init__` does beyond storing is done for decoded rows too."""
    assert decode_row(Checked, {"id": "1", "more": 2}) == Checked(id="1", extra={"more": 2})
    with pytest.raises(AssertionError, match="not seven"):
        decode_row(Checked, {"id": "1", "number": 8})
    (row,) = decode_rows(Measured, [{"id": "abc", "old": True}])
    assert (row.length, row.label, row.old) == (3, None, True)
    with pytest.raises(DecodeError, match=r"at \$\[0\]\.old: expected true or false"):
        decode_rows(Measured, [{"id": "abc", "old": 1}])


def test_nested_rows_that_do_more_than_store_are_constructed() -> None:
    """A row is as fast as what it holds allows."""
    row = decode_row(Wrapping, {"id": "1", "measured": {"id": "abc"}})
    assert row.measured.length == 3


def test_without_a_fast_reader_the_exact_one_reads_everything() -> None:
    """Where msgspec is not installed rows are the same."""
    raw = {**CONTACT, "vip": True, "updatedAt": "2026-01-01T00:00:00Z"}
    assert exact_reader(Contact)(raw, Contact) == decode_row(Contact, raw)


def test_a_mutable_default_is_refused() -> None:
    """Rows cannot come to share a mutable default."""
    with pytest.raises(TypeError, match="tags: a row's default is shared"):
        decode_row(Shared, {})
