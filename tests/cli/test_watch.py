"""`impactive watch`: rows as they come, and the place where it stopped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from impactive_async.sandbox import DEFAULT_NOW
from tests.cli.support import Live, Outcome, live_sandbox, run

KINDS = ["companies", "contacts", "deals", "invoices", "projects"]


@pytest.fixture
def sequence(live: Live) -> str:
    """A sequence that has sent something to two people, one of whom has answered."""
    sequence = live.state.create_sequence("Welcome").id
    people = [row.id for row in live.state.rows("contacts")[:2]]
    live.state.enroll(sequence, people)
    live.advance(hours=1)
    live.state.add_reply(people[0], body="Yes!")
    return sequence


def ids(outcome: Outcome) -> list[str]:
    assert outcome.code == 0, outcome.err
    return [row["id"] for row in outcome.rows]


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_the_workspace(live: Live, kind: str) -> None:
    """What a list shows comes out, oldest first, one JSON object a line."""
    count = len(live.state.rows(kind))  # type: ignore[arg-type]
    outcome = live.cli("watch", kind, "--count", str(count))
    stamps = [row["updated_at"] for row in outcome.rows]
    assert len(ids(outcome)) == count
    assert stamps == sorted(stamps)


def test_the_feeds_of_a_sequence(live: Live, sequence: str) -> None:
    """Sends, replies and enrollments of one sequence."""
    assert len(ids(live.cli("watch", "sends", sequence, "--count", "2"))) == 2
    assert len(ids(live.cli("watch", "enrollments", sequence, "--count", "2"))) == 2
    assert live.cli("watch", "replies", sequence, "--count", "1").rows[0]["body"] == "Yes!"


def test_what_has_no_dates(live: Live, sequence: str) -> None:
    """Bookings and a contact's own replies are watched as well."""
    live.state.add("bookings", {"title": "Call"})
    assert live.cli("watch", "bookings", "--count", "1").rows[0]["title"] == "Call"
    contact = live.state.replies[0].contact_id
    assert live.cli("watch", "replies", "--contact", contact, "--count", "1").rows[0]["body"] == "Yes!"


def test_a_store_keeps_the_place(live: Live, tmp_path: Path) -> None:
    """With --store a later run goes on behind the last row that was written out: none twice, none missing."""
    store = str(tmp_path / "cursors.db")
    first = ids(live.cli("watch", "companies", "--store", store, "--count", "3"))
    rest = len(live.state.rows("companies")) - 3
    live.state.add("companies", {"name": "Newcomer"})
    second = ids(live.cli("watch", "companies", "--store", store, "--count", str(rest + 1)))
    assert sorted(first + second) == sorted(row.id for row in live.state.rows("companies"))


@pytest.mark.parametrize("wish", [("companies",), ("companies", "--all")], ids=["a list", "a stream"])
def test_a_store_keeps_the_places_of_workspaces_apart(live: Live, tmp_path: Path, wish: tuple[str, ...]) -> None:
    """The place in one workspace is none in another, not even in its copy: rows would be passed over."""
    arguments = ("watch", *wish, "--store", str(tmp_path / "cursors.db"), "--count")
    count = len(live.state.rows("companies"))
    assert len(live.cli(*arguments, str(count)).rows) == count
    for seed in ("elsewhere", "cli"):
        with live_sandbox(seed=seed) as other:
            assert len(run(*arguments, str(count), env=other.env).rows) == count
    live.state.add("companies", {"name": "Newcomer"})
    (new,) = live.cli(*arguments, "1").rows
    assert (new.get("row") or new)["name"] == "Newcomer"


def test_from_now_on(live: Live, tmp_path: Path) -> None:
    """A moment to start from leaves out what is older."""
    live.advance(hours=1)
    new = live.state.add("deals", {"name": "New"})
    assert ids(live.cli("watch", "deals", "--since", new.updated_at.isoformat(), "--count", "1")) == [new.id]


def test_the_whole_workspace(live: Live, sequence: str) -> None:
    """--all is one stream of events that say their kind and sequence."""
    live.state.create_sequence("Another")
    rows = live.cli("watch", "--all", "--count", "25").rows
    assert {row["kind"] for row in rows} >= {"companies", "contacts", "deals"}
    events = live.cli("watch", "sends", "--all", "--count", "2").rows
    assert [(event["kind"], event["sequence_id"]) for event in events] == [("sends", sequence)] * 2
    assert events[0]["row"]["subject"] == "Welcome 1"


def test_an_email_of_two_sequences(live: Live, sequence: str) -> None:
    """It is one event of --all, and with --no-distinct one of each sequence."""
    second = live.state.create_sequence("Again").id
    live.state.enroll(second, [live.state.replies[0].contact_id])
    live.advance(hours=1)
    reply = live.state.add_reply(live.state.replies[0].contact_id, body="Both")
    both = live.cli("watch", "replies", "--all", "--no-distinct", "--count", "4").rows
    assert sorted(event["sequence_id"] for event in both if event["row"]["id"] == reply.id) == sorted(
        [sequence, second]
    )
    one = live.cli("watch", "replies", "--all", "--count", "2").rows
    assert len({event["row"]["id"] for event in one}) == 2


@pytest.mark.parametrize("wish", [("bookings",), ("bookings", "--all")], ids=["a list", "a stream"])
def test_a_field_that_changes_all_the_time(live: Live, tmp_path: Path, wish: tuple[str, ...]) -> None:
    """With --ignore a booking does not come again for it; without, it does."""
    live.state.add("bookings", {"title": "Call"})
    ignoring = ("watch", *wish, "--store", str(tmp_path / "ignoring.db"), "--ignore", "view_count", "--count")
    heeding = ("watch", *wish, "--store", str(tmp_path / "heeding.db"), "--count")
    count = len(live.state.rows("bookings"))
    known = bookings(live.cli(*ignoring, str(count)))
    assert bookings(live.cli(*heeding, str(count))) == known
    live.sandbox.change({"bookings.list": {"extra": {"viewCount": 2}}})
    live.advance(hours=1)  # older rows come first, changed ones too
    newcomers = {live.state.add("bookings", {"title": "Newcomer"}).id for _ in range(2)}
    assert bookings(live.cli(*heeding, str(count + 2))) == known | newcomers
    assert bookings(live.cli(*ignoring, "2")) == newcomers


def bookings(outcome: Outcome) -> set[str]:
    assert outcome.code == 0, outcome.err
    return {row.get("row", row)["id"] for row in outcome.rows}


def test_for_people_each_row_is_a_line(live: Live, sequence: str) -> None:
    """With --table a row is a line of its main fields, an event one that begins with its kind."""
    line = live.cli("watch", "replies", sequence, "--count", "1", "--table").out
    assert "Yes!" in line
    assert "{" not in line
    assert live.cli("watch", "replies", "--all", "--count", "1", "--table").out.startswith("replies")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "Say what to watch"),
        (("replies",), "Of which sequence?"),
        (("deals", "seq_1"), "belong to no sequence"),
        (("replies", "seq_1", "--all"), "name one, or all"),
        (("sends", "--contact", "con_1"), "watch replies --contact"),
        (("replies", "seq_1", "--contact", "con_1"), "watch replies --contact"),
        (("bookings", "--since", "2026-05-01"), "--since now, or leave it out"),
        (("deals", "--since", "soon"), "is not a moment"),
        (("deals", "--interval", "0"), "interval"),
        (("deals", "--no-distinct"), "about --all"),
        (("deals", "--ignore", "value"), "deals say when they changed"),
    ],
)
def test_wishes_that_make_no_sense(live: Live, arguments: tuple[str, ...], reason: str) -> None:
    """A wish that contradicts itself is refused with what would do."""
    outcome = live.cli("watch", *arguments)
    assert outcome.code == 2
    assert reason in outcome.err


def test_a_sequence_that_is_not_there(live: Live) -> None:
    """Watching a mistyped id ends at once."""
    assert live.cli("watch", "replies", "seq_typo").code == 5


def test_a_wrong_key_ends_it_at_once(live: Live) -> None:
    """What waiting cannot mend is not waited for."""
    assert live.cli("watch", "deals", IMPACTIVE_API_KEY="icrm_" + "0" * 32).code == 4


def test_an_unreachable_host_ends_it_at_the_start(live: Live) -> None:
    """A host that is not there at the start is a mistake, not an outage."""
    assert live.cli("watch", "deals", "--max-retries", "0", IMPACTIVE_BASE_URL="http://127.0.0.1:9").code == 9


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_a_gap_is_told(live: Live) -> None:
    """Rows that the API no longer shows are reported on stderr, and the rest comes."""
    for number in range(120):
        live.state.add("companies", {"name": f"Company {number}"})
    outcome = live.cli("watch", "companies", "--count", "100")
    assert len(ids(outcome)) == 100
    assert "zapier/companies" in outcome.err
    assert "the API no longer shows" in outcome.err


def test_a_row_that_cannot_be_read_is_told(live: Live) -> None:
    """A bad row is shown on stderr with what is wrong with it, and the rest comes."""
    live.state.add("deals", {"name": {}}, at=DEFAULT_NOW - timedelta(days=9))
    outcome = live.cli("watch", "deals", "--count", "5")
    assert len(outcome.rows) == 5
    assert "A row cannot be read" in outcome.err


def test_a_foreign_store_is_refused(live: Live, tmp_path: Path) -> None:
    """A file that is no cursor store is left alone, and named."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database" * 100)
    outcome = live.cli("watch", "deals", "--store", str(file), "--count", "1")
    assert outcome.code == 12
    assert str(file) in outcome.err
    assert file.read_text().startswith("not a database")
