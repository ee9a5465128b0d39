"""Laws of rows as dicts, under either of their names."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async import (
    Contact,
    ContactDraft,
    ContactEvent,
    Coverage,
    Deal,
    Enrollment,
    EnrollmentStatus,
    EnrollResult,
    Gap,
    InvalidArgumentError,
    Send,
    Sequence,
    SkippedContact,
    SkipReason,
    StepDraft,
    from_dict,
    to_dict,
)
from tests.codec.rows import LAWFUL, RESULTS, ROWS, rows_of

DRAFTS: list[type[Any]] = [ContactDraft, StepDraft]
ALL = [*ROWS, *RESULTS, *DRAFTS]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ADA = Contact(id="1", first_name="Ada", last_name="Lovelace", created_at=NOON, extra={"vipLevel": 3})


def through_json(data: dict[str, Any]) -> Any:
    """What another program reads, after the standard library's writer, which takes nothing but plain values."""
    return json.loads(json.dumps(data, allow_nan=False))


@pytest.mark.parametrize("wire", [False, True], ids=["named", "wire"])
@pytest.mark.parametrize("cls", ALL)
def test_a_row_comes_back(cls: type[Any], wire: bool) -> None:
    """Whatever a row holds, unknown fields and nested rows among it, it is the same row after JSON."""

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        again = from_dict(cls, through_json(to_dict(row, wire=wire)), wire=wire)
        assert again == row
        assert type(again) is cls

    law()


@pytest.mark.parametrize("cls", ALL)
def test_every_row_of_a_class_has_the_same_keys(cls: type[Any]) -> None:
    """They are its attributes, in order, whatever the row has no value for."""

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        assert list(to_dict(row)) == [field.name for field in attrs.fields(cls)]

    law()


def test_the_two_forms() -> None:
    """Attributes and `extra`; or the wire's names, with unknown fields beside them."""
    named = to_dict(ADA)
    assert (named["first_name"], named["created_at"], named["extra"]) == (
        "Ada",
        "2026-01-02T12:00:00Z",
        {"vipLevel": 3},
    )
    wire = to_dict(ADA, wire=True)
    assert (wire["firstName"], wire["createdAt"], wire["vipLevel"]) == ("Ada", "2026-01-02T12:00:00Z", 3)
    assert not {"first_name", "extra"} & {*wire}


def test_what_only_the_sdk_knows_stays_out_of_the_wires_form() -> None:
    """`attempts` is counted here, and comes back under its own name."""
    result = EnrollResult(
        enrolled_count=1, skipped=(SkippedContact(contact_id="c", reason=SkipReason.NOT_FOUND),), attempts=2
    )
    assert to_dict(result)["attempts"] == 2
    assert from_dict(EnrollResult, to_dict(result)) == result
    assert "attempts" not in to_dict(result, wire=True)


def test_a_draft_in_the_wires_form_is_what_is_sent() -> None:
    """Fields that are `None` are not sent, and are no `null` that would clear something."""
    draft = ContactDraft(first_name="Ada", last_name="L", extra={"vip": True})
    assert to_dict(draft, wire=True) == {"firstName": "Ada", "lastName": "L", "vip": True}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.5", 12.5), ("12.50", 12.5), ("100", 100), ("0.1", 0.1), ("9007199254740991", 2**53 - 1),
        ("9007199254740993", "9007199254740993"), ("123456789012345678.99", "123456789012345678.99"),
        ("1E+400", "1E+400"),
    ],
)  # fmt: skip
def test_money_is_a_number_where_one_equals_it(text: str, number: object) -> None:
    """Else it is a string: also a reader that knows only floats loses no cent."""
    assert to_dict(Deal(id="1", name="n", value=Decimal(text)))["value"] == number


def test_moments_are_in_utc() -> None:
    """Whatever offset a row made by hand has."""
    row = attrs.evolve(ADA, created_at=NOON.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert to_dict(row)["created_at"] == to_dict(row, wire=True)["createdAt"] == "2026-01-02T12:00:00Z"


def test_events_and_gaps_are_taken_too() -> None:
    """What a stream hands out can be written as it comes; the wire knows rows only."""
    event = ContactEvent(row=ADA, key="1/2")
    assert to_dict(event) == {"kind": "contacts", "sequence_id": None, "row": to_dict(ADA), "key": "1/2"}
    gap = Gap("zapier/deals", "overflow", NOON, None)
    assert to_dict(gap)["after"] == "2026-01-02T12:00:00Z"
    coverage = Coverage(feed="zapier/deals", complete_until=NOON, gaps=(gap,), lateness=timedelta(seconds=1.5))
    assert to_dict(coverage)["lateness"] == 1.5
    assert to_dict(coverage)["gaps"] == [to_dict(gap)]
    for other in (event, gap, coverage):
        with pytest.raises(InvalidArgumentError, match=f"{type(other).__name__} is no row of the API"):
            to_dict(other, wire=True)


@pytest.mark.parametrize("wire", [False, True], ids=["named", "wire"])
def test_what_json_cannot_carry_is_refused(wire: bool) -> None:
    """Rows made by hand of such values are named for what is wrong, and never written as something else."""
    deep: dict[str, Any] = {}
    deep["again"] = deep
    for row, said in [
        (attrs.evolve(ADA, created_at=datetime(2026, 1, 1)), "created_at is a naive datetime"),
        (Deal(id="1", name="n", value=Decimal("NaN")), "value is NaN"),
        (attrs.evolve(ADA, extra={"share": float("inf")}), "share.* is inf"),
        (attrs.evolve(ADA, extra={"who": object()}), "who.* is of type object"),
        (attrs.evolve(ADA, extra=deep), "nested too deeply"),
    ]:
        with pytest.raises(InvalidArgumentError, match=said):
            to_dict(row, wire=wire)


@pytest.mark.parametrize("value", [[ADA], None, {"id": "1"}, Contact], ids=["list", "None", "dict", "class"])
def test_one_row_is_taken_at_a_time(value: Any) -> None:
    """Anything else is told how a list is done."""
    with pytest.raises(InvalidArgumentError, match=r"\[to_dict\(row\) for row in rows\]"):
        to_dict(value)


@pytest.mark.parametrize(
    ("cls", "change", "said"),
    [
        (Contact, {"first_name": None}, r"Contact\.first_name: null, but required"),
        (Contact, {"firstName": "Ada"}, r"Contact\.firstName: no such field"),
        (Contact, {"id": 7}, r"Contact\.id: expected a string; found 7"),
        (Contact, {"extra": []}, r"Contact\.extra: expected an object"),
        (Enrollment, {"contact": {"name": "x"}}, r"Enrollment\.contact\.name: no such field"),
        (Sequence, {"steps": [{}]}, r"Sequence\.steps\[0\]\.id: missing"),
        (EnrollResult, {"attempts": "2"}, r"EnrollResult\.attempts: expected an integer"),
        (Send, {"email_date": "noon"}, r"Send\.email_date: not a readable ISO 8601"),
    ],
)
def test_a_dict_of_another_shape_is_refused(cls: type[Any], change: dict[str, Any], said: str) -> None:
    """The error names the place. Nothing is converted, and no mistyped name is kept as if it were the API's."""
    moment = "2026-01-02T12:00:00Z"
    whole = {
        "id": "1", "contact_id": "2", "email_date": moment, "updated_at": moment, "first_name": "Ada",
        "last_name": "L", "name": "n", "status": "active",
    }  # fmt: skip
    fields = {field.name for field in attrs.fields(cls)}
    data = {key: value for key, value in whole.items() if key in fields}
    assert from_dict(cls, data)
    with pytest.raises(InvalidArgumentError, match=said):
        from_dict(cls, data | change)


def test_a_status_that_is_not_known_stays_a_string() -> None:
    """And one that is known is the member again."""
    row = Enrollment(id="1", contact_id="2", status="parked", updated_at=NOON)
    assert from_dict(Enrollment, to_dict(row)).status == "parked"
    active = from_dict(Enrollment, {**to_dict(row), "status": "active"})
    assert active.status is EnrollmentStatus.ACTIVE


@pytest.mark.parametrize("cls", [ADA, dict, Gap, "Contact"], ids=["row", "dict", "Gap", "str"])
def test_only_classes_of_rows_are_read(cls: Any) -> None:
    """The error says what is expected."""
    with pytest.raises(InvalidArgumentError, match="from_dict takes a class of rows, such as Contact"):
        from_dict(cls, {})


@LAWFUL
@given(st.sampled_from(ALL), st.data())
def test_the_row_is_left_as_it_is(cls: type[Any], data: st.DataObject) -> None:
    """What is done with the dict afterwards does not reach the row."""
    row = data.draw(rows_of(cls))
    known = repr(row)
    for made in (to_dict(row), to_dict(row, wire=True)):
        made.clear()
    to_dict(row).get("extra", {}).clear()
    assert repr(row) == known
