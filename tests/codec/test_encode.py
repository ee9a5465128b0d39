"""Bodies from arguments, drafts and rows: exact, or refused before any request."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec.codec import (
    decode_row,
    dumps,
    encode_draft,
    encode_fields,
    format_instant,
    parse_instant,
    to_wire,
)
from impactive_async._codec.encode import exact_number
from impactive_async._codec.json_bytes import json_backend
from impactive_async._unset import UNSET
from impactive_async.models import (
    Contact,
    ContactDraft,
    Deal,
    EnrolledContact,
    Enrollment,
    EnrollmentStatus,
    EnrollResult,
    Sequence,
    SequenceStatus,
    SkippedContact,
    SkipReason,
    Step,
    StepDraft,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Shade(str, Enum):  # noqa: UP042 - the spelling whose str() is not its value
    DARK = "dark"


class Level(IntEnum):
    HIGH = 3


class Shapeless(tzinfo):
    """A time zone that does not know its offset: datetimes in it are naive, whatever they look like."""

    def utcoffset(self, _: datetime | None, /) -> timedelta | None:
        return None

    def dst(self, _: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, _: datetime | None, /) -> str | None:
        return None


def test_names_become_the_wire_s() -> None:
    """Arguments in snake_case are fields in camelCase."""
    fields = {"first_name": "Ada", "sending_account_id": "sa_1", "name": "n", "line_2_text": "x"}
    assert encode_fields(fields, None) == {
        "firstName": "Ada",
        "sendingAccountId": "sa_1",
        "name": "n",
        "line2Text": "x",
    }


def test_unset_is_left_out_and_none_clears() -> None:
    """`UNSET` sends nothing and `None` sends null; neither is ever the other, at any depth."""
    body = encode_fields({"name": UNSET, "description": None}, {"tags": UNSET, "meta": {"a": UNSET, "b": None}})
    assert body == {"description": None, "meta": {"b": None}}


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("text", "text"),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        (NOON, "2026-01-02T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-02T12:00:00Z"),
        (NOON + timedelta(microseconds=1), "2026-01-02T12:00:00.000001Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("12.50"), 12.5),
        (Decimal("0.1"), 0.1),
        (Decimal("-7.0"), -7),
        (Decimal("7.000"), 7),
        (Decimal("1E+3"), 1000),
        (Decimal("1E+22"), 1e22),
        (Decimal("1E-999999999999"), None),
        (Decimal(2**53 + 1), 2**53 + 1),
        (Decimal(2**64 - 1), 2**64 - 1),
        (Decimal(-(2**63)), -(2**63)),
        (SequenceStatus.PAUSED, "paused"),
        (Shade.DARK, "dark"),
        (Level.HIGH, 3),
        (["a", "b"], ["a", "b"]),
        (("a",), ["a"]),
        ({"a_b": [NOON]}, {"a_b": ["2026-01-02T12:00:00Z"]}),
        (MappingProxyType({Shade.DARK: 1}), {"dark": 1}),
        ([StepDraft(subject="Hi", body="…")], [{"subject": "Hi", "body": "…", "delayDays": 0}]),
        (type("Text", (str,), {})("x"), "x"),
        (type("Float", (float,), {})(1.5), 1.5),
    ],
)
def test_values_are_sent_exactly(value: object, sent: object) -> None:
    """What is sent is plain JSON and means exactly what was given; without an exact form nothing is sent."""
    if sent is None:
        with pytest.raises(ValueError, match="cannot carry exactly"):
            encode_fields({"value": value}, None)
        return
    body = encode_fields({"value": value}, {"other": value})
    assert body == {"value": sent, "other": sent}
    for backend in (json_backend(orjson), json_backend(None)):
        assert backend.loads(backend.dumps(body)) == body


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 1, 2), "starts_at is a naive datetime"),
        (datetime(2026, 1, 2, tzinfo=Shapeless()), "starts_at is a naive datetime"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "starts_at: .* years 1 to 9999"),
        ([NOON, datetime(2026, 1, 2)], r"starts_at\[1\] is a naive datetime"),
        ({"at": datetime(2026, 1, 2)}, r"starts_at\['at'\] is a naive datetime"),
        (float("nan"), "starts_at is nan"),
        (float("-inf"), "starts_at is -inf"),
        (Decimal("NaN"), "starts_at is NaN"),
        (Decimal("sNaN"), "starts_at is sNaN"),
        (Decimal("Infinity"), "starts_at is Infinity"),
        (Decimal("0.1234567890123456789"), "starts_at is 0.1234567890123456789, which a JSON number cannot"),
        (Decimal(2**64 + 1), "which a JSON number cannot carry exactly"),
        (Decimal("9007199254740993.5"), "which a JSON number cannot carry exactly"),
        (Decimal("1E+400"), "which a JSON number cannot carry exactly"),
        (Decimal("1E+999999999999"), "which a JSON number cannot carry exactly"),
        (
            StepDraft(subject="s", body="b", extra={"when": datetime(2026, 1, 2)}),
            r"starts_at.extra\['when'\] is a naive",
        ),
    ],
)
def test_what_cannot_be_sent_exactly_is_refused(value: object, message: str) -> None:
    """Nothing is rounded or guessed silently: the error names the argument."""
    with pytest.raises(ValueError, match=message):
        encode_fields({"starts_at": value}, None)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = [value]
    return value


@pytest.mark.parametrize("extra", [nested(50_000), endless()], ids=["deep", "endless"])
def test_what_is_nested_beyond_all_bounds_is_refused(extra: dict[str, Any]) -> None:
    """A value without end is a `ValueError` like any other, wherever it is given."""
    with pytest.raises(ValueError, match="extra is nested too deeply"):
        encode_fields({}, extra)
    with pytest.raises(ValueError, match="the body is nested too deeply"):
        encode_fields({"value": extra}, None)
    with pytest.raises(ValueError, match="ContactDraft is nested too deeply"):
        encode_draft(ContactDraft(first_name="A", last_name="B", extra=extra))


@pytest.mark.parametrize("extra", ["abc", ["a"], [("a", 1)], 7, "", []])
def test_extra_is_a_mapping(extra: Any) -> None:
    """Anything else is named before it is taken apart, or taken for nothing."""
    with pytest.raises(ValueError, match=f"extra is a mapping of wire fields, not {type(extra).__name__}"):
        encode_fields({}, extra)


@pytest.mark.parametrize(
    "value", [b"bytes", {"a", "b"}, object(), Fraction(1, 3), {1: 2}, [UNSET], 1j, iter("ab")]
)
def test_what_json_has_no_place_for_is_refused(value: object) -> None:
    """A value of a foreign type is a `TypeError` that names the argument."""
    with pytest.raises(TypeError, match="tag_ids"):
        encode_fields({"tag_ids": value}, None)


def test_extra_is_merged_as_it_is_named() -> None:
    """Undocumented fields keep the names they are given."""
    assert encode_fields({"first_name": "Ada"}, {"lead_score": 3, "xY": None}) == {
        "firstName": "Ada",
        "lead_score": 3,
        "xY": None,
    }


def test_a_field_given_twice_is_refused() -> None:
    """Between two values for one field nobody should choose; `UNSET` is no value."""
    with pytest.raises(ValueError, match="'firstName' is given twice"):
        encode_fields({"first_name": "Ada"}, {"firstName": "Ada"})
    with pytest.raises(ValueError, match=r"'subject' is given twice.*StepDraft\.extra"):
        encode_draft(StepDraft(subject="Hi", body="…", extra={"subject": "Ho"}))
    assert encode_fields({"first_name": UNSET}, {"firstName": "Ada"}) == {"firstName": "Ada"}


def test_the_arguments_are_not_touched() -> None:
    """Encoding leaves its arguments as they are."""
    extra = {"tags": ["a"]}
    body = encode_fields({"name": "n"}, extra)
    body["tags"].append("b")
    assert extra == {"tags": ["a"]}


def test_a_draft_leaves_out_what_was_not_given() -> None:
    """In a draft `None` means: not given. Its `extra` goes along, nulls included."""
    draft = ContactDraft(
        first_name="Ada", last_name="Lovelace", company_id="co_1", extra={"source": "csv", "x": None}
    )
    assert encode_draft(draft) == {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "companyId": "co_1",
        "source": "csv",
        "x": None,
    }


def test_a_draft_of_another_make_needs_no_extra() -> None:
    """Any attrs class can be a draft; whatever is none cannot."""

    @attrs.frozen
    class Note:
        text: str
        pinned: Any = UNSET

    assert encode_draft(Note("hello")) == {"text": "hello"}
    with pytest.raises(ValueError, match="not an attrs-decorated class"):
        encode_draft("hello")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-01-02T12:00:00Z"),
        (NOON.replace(microsecond=120), "2026-01-02T12:00:00.000120Z"),
        (datetime(26, 1, 2, tzinfo=UTC), "0026-01-02T00:00:00Z"),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-8))), "2026-01-02T08:00:00Z"),
        (datetime(2026, 1, 2, fold=1, tzinfo=timezone.utc), "2026-01-02T00:00:00Z"),  # noqa: UP017
    ],
)
def test_a_moment_is_written_in_utc(moment: datetime, text: str) -> None:
    """ISO 8601 in UTC with `Z`, and microseconds only where there are any."""
    assert format_instant(moment, argument="since") == text
    assert parse_instant(text) == moment


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "2026-01-02T25:00", "1767323045", "9999-12-31T23:59-01:00"]
)
def test_an_unreadable_moment_is_refused(text: str) -> None:
    """What is not a moment is a `ValueError`."""
    with pytest.raises(ValueError):
        parse_instant(text)


def test_a_row_goes_back_as_it_came() -> None:
    """A row as the wire's object has the wire's names, nested rows, enum values and unknown fields."""
    row = Sequence(
        id="sq_1",
        name="Welcome",
        status=SequenceStatus.ACTIVE,
        steps=(Step(id="st_1", delay_days=2, created_at=NOON, extra={"opens": 3}),),
        extra={"owner": {"id": "u_1"}},
    )
    wire = to_wire(row)
    assert wire["status"] == "active"
    assert type(wire["status"]) is str
    assert wire["steps"][0] == {
        "id": "st_1",
        "subject": None,
        "body": None,
        "delayDays": 2,
        "position": None,
        "sequenceId": None,
        "createdAt": "2026-01-02T12:00:00Z",
        "updatedAt": None,
        "opens": 3,
    }
    assert wire["owner"] == {"id": "u_1"}
    assert wire["stepCount"] is None
    assert decode_row(Sequence, wire) == row
    assert dumps(wire)


def test_results_go_back_as_they_came() -> None:
    """Rows that a count was made from stay beside it; what is ours does not go to the wire."""
    result = EnrollResult(
        enrolled_count=1,
        skipped=(SkippedContact(contact_id="c", reason=SkipReason.NOT_FOUND),),
        attempts=2,
        extra={"enrolled": [{"id": "1"}]},
    )
    wire = to_wire(result)
    assert wire == {
        "enrolledCount": 1,
        "skipped": [{"contactId": "c", "reason": "not_found"}],
        "enrolled": [{"id": "1"}],
    }
    assert decode_row(EnrollResult, wire) == attrs.evolve(result, attempts=1)


def test_money_goes_back_exactly() -> None:
    """An amount beyond a float's reach goes back as the string it can only have come as."""
    for text in ("12.5", "12.50", "123456789012345678.99", "1E+400", "0.1"):
        row = Deal(id="1", name="n", value=Decimal(text))
        assert decode_row(Deal, to_wire(row)) == row
    assert to_wire(Deal(id="1", name="n", value=Decimal("12.50")))["value"] == 12.5
    assert to_wire(Deal(id="1", name="n", value=Decimal("1E+400")))["value"] == "1E+400"


def test_extra_never_hides_an_attribute() -> None:
    """If a hand-made row names a field twice, the attribute is what counts."""
    row = Contact(id="1", first_name="Ada", last_name="Lovelace", extra={"id": "2", "seen": NOON})
    wire = to_wire(row)
    assert (wire["id"], wire["seen"]) == ("1", "2026-01-02T12:00:00Z")


def test_a_hand_made_row_with_a_naive_moment_is_refused() -> None:
    """A naive datetime is refused in rows too, by name."""
    row = Enrollment(id="1", contact_id="2", status=EnrollmentStatus.ACTIVE, updated_at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="updated_at is a naive datetime"):
        to_wire(row)
    assert to_wire(attrs.evolve(row, updated_at=NOON, contact=EnrolledContact(id="2")))["contact"]["id"] == "2"


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(places=2, min_value=-(10**9), max_value=10**9)
)
def test_a_number_is_exact_or_none(value: Decimal) -> None:
    """The number sent for a Decimal reads back as that Decimal; every amount in cents has one."""
    number = exact_number(value)
    if number is not None:
        assert Decimal(repr(number)) == value
    elif value.as_tuple().exponent == -2:
        assert value.copy_abs() > 10**9
