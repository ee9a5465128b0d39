"""What commands put out: JSON lines for programs, tables for people; and what they send."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from impactive_async.cli.kit.columns import columns_of
from impactive_async.cli.kit.records import json_line, to_json
from impactive_async.cli.kit.show import sentence_of
from impactive_async.cli.kit.table import line_text
from impactive_async.models import Booking, Contact, Deal, Enrollment, Reply, Send, Sequence, SequenceStatus
from tests.cli.support import Live, invoke

LISTS = ["contacts", "companies", "deals", "invoices", "projects", "accounts", "sequences", "bookings"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("what", LISTS)
def test_lists_into_a_pipe_are_json_lines(live: Live, what: str) -> None:
    """Each list puts out one object a line, with ids, and nothing else."""
    live.state.create_sequence("Welcome", delays=[0, 3])
    live.state.add("bookings", {"title": "Call"})
    outcome = live.cli(what, "list")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.rows
    assert all(row["id"] for row in outcome.rows)


@pytest.mark.parametrize("what", LISTS)
def test_lists_for_people_are_tables(live: Live, what: str) -> None:
    """With --table each list is a table that shows every id whole."""
    live.state.create_sequence("Welcome", delays=[0, 3])
    live.state.add("bookings", {"title": "Call"})
    ids = [row["id"] for row in live.cli(what, "list").rows]
    outcome = live.cli(what, "list", "--table", COLUMNS="100")
    assert outcome.code == 0
    assert "─────" in outcome.out
    assert all(row_id in outcome.out for row_id in ids)


def test_an_empty_list(live: Live) -> None:
    """Nothing is nothing for programs, and said for people."""
    assert live.cli("bookings", "list").out == ""
    assert live.cli("bookings", "list", "--table").err == "Nothing there.\n"


def test_the_limit_reaches_the_server(live: Live) -> None:
    """`--limit` is the API's own."""
    assert len(live.cli("contacts", "list", "--limit", "3").rows) == 3
    assert live.cli("contacts", "list", "--limit", "501").code == 2


@pytest.mark.parametrize("what", ["companies", "deals", "invoices", "projects"])
def test_since_reaches_the_server(live: Live, what: str) -> None:
    """`--since` is the API's own; without an offset it is UTC."""
    assert live.cli(what, "list", "--since", "2999-01-01").rows == []
    assert live.sandbox.requests[-1].query["since"].startswith("2999-01-01T00:00:00")
    outcome = live.cli(what, "list", "--since", "soon")
    assert outcome.code == 2
    assert "'soon' is not a moment" in outcome.err


@pytest.mark.contract("an envelope's own fields are in `extra`", "wrapped")
def test_create_a_contact(live: Live) -> None:
    """What is given is sent, what is not is left out, and undocumented fields go along."""
    outcome = live.cli(
        *("contacts", "create", "Ada", "Lovelace", "--email", "ada@cli.example"),
        *("--extra", "vip=true", "--extra", "note=met at 5"),
    )
    sent = live.sandbox.requests_to("POST /api/agent/contacts")[-1].body
    assert sent == {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@cli.example",
        "vip": True,
        "note": "met at 5",
    }
    assert outcome.rows[0]["extra"] == {"vip": True, "note": "met at 5"}


def test_create_a_company(live: Live) -> None:
    """`companies create` sends its fields."""
    (row,) = live.cli(
        "companies", "create", "Engines", "--website", "https://e.example", "--industry", "Iron"
    ).rows
    assert live.state.get("companies", row["id"]).fields["industry"] == "Iron"


def test_create_a_deal(live: Live) -> None:
    """Money stays exact from the command line to the server and back."""
    (row,) = live.cli(
        *("deals", "create", "Licence", "--value", "48000.10", "--currency", "EUR"),
        *("--expected-close-date", "2026-06-30"),
    ).rows
    assert (row["value"], row["currency"]) == (48000.1, "EUR")
    assert row["expected_close_date"].startswith("2026-06-30")
    assert live.cli("deals", "create", "Licence", "--value", "lots").code == 2


def test_create_a_booking(live: Live) -> None:
    """`bookings create` sends moments with their offset."""
    contact = live.state.rows("contacts")[0].id
    (row,) = live.cli(
        *("bookings", "create", "--title", "Call", "--contact", contact),
        *("--start", "2026-05-07T16:00+02:00", "--end", "2026-05-07T14:30Z"),
    ).rows
    assert (row["start_time"], row["end_time"]) == ("2026-05-07T14:00:00Z", "2026-05-07T14:30:00Z")
    assert row["contact_id"] == contact


@pytest.mark.parametrize("pair", ["vip", "=1"])
def test_extra_fields_are_pairs(live: Live, pair: str) -> None:
    """`--extra` without a name or a value is refused."""
    outcome = live.cli("companies", "create", "Engines", "--extra", pair)
    assert outcome.code == 2
    assert "NAME=VALUE" in outcome.err


def test_replies(live: Live) -> None:
    """Replies are listed by sequence, or by contact whatever they are on; one of the two must be named."""
    sequence = live.state.create_sequence("Welcome").id
    contact = live.state.rows("contacts")[0].id
    live.state.enroll(sequence, [contact])
    live.state.add_reply(contact, body="Yes!")
    assert [row["body"] for row in live.cli("replies", sequence).rows] == ["Yes!"]
    live.state.unenroll(sequence, contact)
    assert live.cli("replies", sequence).rows == []
    assert [row["body"] for row in live.cli("replies", "--contact", contact).rows] == ["Yes!"]
    assert live.cli("replies", "--contact", contact, "--since", "2999-01-01").rows == []
    assert live.cli("replies").code == 2
    assert live.cli("replies", sequence, "--contact", contact).code == 2


@pytest.mark.contract("an envelope's own fields are in `extra`", "wrapped")
def test_auth_names_the_workspace(live: Live) -> None:
    """`auth` says which workspace the key opens."""
    (row,) = live.cli("auth").rows
    assert (row["name"], row["extra"]) == ("Sandbox cli", {})
    assert "Sandbox cli" in live.cli("auth", "--table").out


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"deal": Deal(id="d", name="D", value=Decimal("48000.00"))}, {"deal": {"value": 48000}}),
        ({"deal": Deal(id="d", name="D", value=Decimal("0.1"))}, {"deal": {"value": 0.1}}),
        (
            {"deal": Deal(id="d", name="D", value=Decimal("1234567890.123456789"))},
            {"deal": {"value": "1234567890.123456789"}},
        ),
        ([Sequence(id="s", name="S", status=SequenceStatus.ACTIVE)], [{"status": "active"}]),
        (NOON, "2026-05-01T12:00:00Z"),
        ((1, {"a": NOON}), [1, {"a": "2026-05-01T12:00:00Z"}]),
    ],
    ids=str,
)
def test_json_says_what_the_value_is(value: Any, expected: object) -> None:
    """Money is a number where a number can carry it exactly, moments are UTC, statuses are words."""
    assert agree(to_json(value), expected)


def agree(shown: Any, expected: Any) -> bool:
    """Whether two JSON values are of one type and equal, but for members of objects that nobody expects."""
    if isinstance(expected, dict):
        return all(agree(shown[name], one) for name, one in expected.items())
    if isinstance(expected, list):
        return len(shown) == len(expected) and all(map(agree, shown, expected))
    return type(shown) is type(expected) and shown == expected


def test_json_has_every_field() -> None:
    """A program finds every field of a row under its Python name, in each row the same ones."""
    bare = to_json(Contact(id="c", first_name="Ada", last_name="Lovelace"))
    full = to_json(Contact(id="c", first_name="A", last_name="L", extra={"vip": 1}))
    assert list(bare) == list(full)
    assert (bare["email"], bare["extra"], full["extra"]) == (None, {}, {"vip": 1})


def test_json_lines_survive_any_text() -> None:
    """Line ends and lone surrogates of a row do not break the line."""
    line = json_line(Contact(id="c", first_name="A\n\u2028\x85", last_name="\ud800"))
    assert len(line.splitlines()) == 1
    written = line.encode("utf-8", "backslashreplace").decode("utf-8")
    assert json.loads(written)["last_name"] == "\ud800"


ROWS = [
    Booking(id="b", title="Call", start_time=NOON),
    Deal(id="d", name="Licence", value=Decimal("1234.5"), currency="EUR"),
    Enrollment(id="e", contact_id="c", status="active", updated_at=NOON),
    Reply(id="r", contact_id="c", email_date=NOON, body="Yes\nplease"),
    Send(id="s", contact_id="c", email_date=NOON, to_addresses=("a@x.example", "b@x.example")),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_a_row_of_a_stream_is_one_line(row: object) -> None:
    """Whatever is in a row, people see it in one line."""
    assert "\n" not in line_text(row)
    assert len(line_text(row)) > 5


def test_money_and_moments_in_tables() -> None:
    """Tables write money with its currency, and moments to the minute."""
    assert "1,234.50 EUR" in line_text(ROWS[1])
    assert "2026-05-01 12:00Z" in line_text(ROWS[0])


def test_a_row_without_a_selection_shows_all_of_itself() -> None:
    """Rows of other kinds, and plain mappings, have a column for each field."""
    assert [column.title for column in columns_of({"line": 2, "first_name": "Ada"})] == ["Line", "First name"]
    assert line_text({"line": 2, "first_name": "Ada"}) == "Line: 2  First name: Ada"


def test_what_work_came_to_is_a_sentence() -> None:
    """The whole first, then what is not nothing."""
    assert sentence_of({"rows": 1200, "created": 1199, "failed": 0, "left_out": 1}) == (
        "1,200 rows: 1,199 created, 1 left out."
    )
    assert sentence_of({"rows": 0, "created": 0}) == "0 rows: nothing done."


def test_environment_without_anything() -> None:
    """The command line itself needs no environment."""
    assert invoke("sequences", "template").code == 0
