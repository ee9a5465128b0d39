"""The fast decoders: generated, readable, and silent about everything but what they are sure of."""

import gc
import linecache
from collections.abc import Mapping
from typing import Any, Optional

import attrs
import pytest

from impactive_async._http.codec import decode_row, decode_rows, row_converter
from impactive_async._http.exact import Reader
from impactive_async._http.hooks import fast_row_reader, nascent
from impactive_async.errors import DecodeError
from impactive_async.models import Contact, EnrolledContact, Step

CONTACT: dict[str, Any] = {"id": "ct_1", "firstName": "Ada", "lastName": "Lovelace"}


def _never(raw: object, _: Any) -> Any:
    raise AssertionError(f"the exact decoder was asked about {raw!r}")


def fast_alone(cls: type) -> Reader:
    """The fast reader without an exact one behind it."""
    return fast_row_reader(cls, _never, row_converter())


def test_a_lean_row_is_read_fast() -> None:
    """Absent and unknown fields are nothing out of the ordinary: they need no exact decoder."""
    row = fast_alone(EnrolledContact)({"id": "1", "vip": True}, EnrolledContact)
    assert row == EnrolledContact(id="1", extra={"vip": True})


@pytest.mark.parametrize("raw", [{}, {"id": 1}, {"id": "1", "email": 2}, None, [], "text"])
def test_what_is_doubtful_is_left_to_the_exact_decoder(raw: object) -> None:
    """The fast decoder refuses nothing on its own account."""
    with pytest.raises(AssertionError, match="the exact decoder was asked"):
        fast_alone(EnrolledContact)(raw, EnrolledContact)


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
    text = "".join(linecache.getlines("<impactive_async page reader of Step>"))
    assert "row.delay_days = value" in text
    linecache.checkcache()
    assert linecache.getline("<impactive_async page reader of Step>", 1) == "def read(rows):\n"


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


def test_a_class_that_does_more_than_store_is_constructed() -> None:
    """Whatever `__init__` does beyond storing is done for decoded rows too."""
    assert decode_row(Checked, {"id": "1", "more": 2}) == Checked(id="1", extra={"more": 2})
    with pytest.raises(AssertionError, match="not seven"):
        decode_row(Checked, {"id": "1", "number": 8})
    (row,) = decode_rows(Measured, [{"id": "abc", "old": True}])
    assert (row.length, row.label, row.old) == (3, None, True)
    with pytest.raises(DecodeError, match=r"at \$\[0\]\.old: expected true or false"):
        decode_rows(Measured, [{"id": "abc", "old": 1}])


def test_a_mutable_default_is_refused() -> None:
    """Rows cannot come to share a mutable default."""
    with pytest.raises(TypeError, match="tags: a row's default is shared"):
        decode_row(Shared, {})
