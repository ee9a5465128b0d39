"""Tables that fit: what leaves, what is cut, what is said of it; and lines with labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from impactive_async import Contact, Deal, DealEvent, Reply, Workspace
from impactive_async.cli.kit.columns import distance
from impactive_async.cli.kit.table import NARROWEST, line_text, table_text
from tests.cli.support import Live
from tests.cli.terminal import on_terminal

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG = Contact(
    id="con_0123456789abcdef",
    first_name="Wolfeschlegelsteinhausenbergerdorff",
    last_name="the Elder",
    email="a.very.long.address@subdomain.example.com",
    title="Vice President of Procurement and Logistics",
    company_name="Analytical Engines and Sons of Kilburn Lane",
)
REPLY = Reply(
    id="r",
    contact_id="con_1",
    email_date=NOW - timedelta(minutes=5),
    from_address="ada@x.example",
    subject="Re: Introduction to our new products",
    body="Dear all, " + "this is a long introduction to what I have to say. " * 9 + "Yes.",
)


def lines(rows: Sequence[object], width: int | None) -> list[str]:
    return table_text(rows, width=width, now=NOW)[0].splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_table_fits_the_terminal(width: int) -> None:
    """No line is wider than the terminal, and a row is one line."""
    drawn = lines([LONG, LONG], width)
    assert max(map(cell_len, drawn)) <= width
    assert len(drawn) == 4


def test_the_least_important_columns_leave_first() -> None:
    """Where there is no room the last column goes, then the one before it; they are named."""
    assert table_text([LONG], width=200, now=NOW)[1] == ()
    assert table_text([LONG], width=80, now=NOW)[1] == ("Title",)
    assert table_text([LONG], width=60, now=NOW)[1] == ("Company", "Title")
    assert table_text([LONG], width=10, now=NOW)[1] == ("Name", "Email", "Company", "Title")


def test_text_keeps_sixteen_characters() -> None:
    """A column of text is cut no further than that: rather another column leaves."""
    for width in range(20, 200):
        head = lines([LONG], width)[0]
        starts = [found.start() for found in re.finditer(r"\S+", head)]
        widths = [after - before - 2 for before, after in pairwise(starts[1:])]
        assert all(one >= NARROWEST for one in widths)


def test_what_is_copied_is_whole() -> None:
    """Ids are never cut, and what is cut says so."""
    row = lines([LONG], 80)[2]
    assert row.startswith("con_0123456789abcdef  Wolfeschlegelst")
    assert "…" in row


def test_a_pipe_has_no_width() -> None:
    """Without a terminal nothing leaves and nothing is cut or folded, however long."""
    text, left_out = table_text([LONG, LONG], width=None, now=NOW)
    assert left_out == ()
    assert "…" not in text
    assert text.count(LONG.title or "") == 2


def test_short_text_wastes_no_room() -> None:
    """A column is no wider than what is in it, so that the others have more."""
    assert lines([Deal(id="d", name="A", value=None)], 80)[0].split() == ["Id", "Name"]
    assert max(map(len, lines([Deal(id="d", name="A")], 80))) == len("Id  Name")


def test_the_body_of_a_mail_has_three_lines() -> None:
    """It is broken between words, and `…` says that there is more."""
    drawn = lines([REPLY], 80)
    start, end = drawn[0].index("Text"), drawn[0].index("Contact")
    text = [line[start:end].strip() for line in drawn[2:]]
    assert len(text) == 3
    assert text[-1].endswith(" …")
    assert (REPLY.body or "").startswith(" ".join(text).removesuffix(" …"))


def test_empty_columns_are_left_out_and_markup_is_text() -> None:
    """A column without a value would only narrow the others; brackets in a name mean brackets."""
    text, left_out = table_text([Contact(id="c", first_name="Ada", last_name="[red]Lovelace")], width=80, now=NOW)
    assert "Email" not in text
    assert left_out == ()
    assert "[red]Lovelace" in text


def test_titles_are_words_of_strangers_too() -> None:
    """The columns of a mapping are called by its keys, which may come from a file."""
    text, _ = table_text([{"[red]x\x1b[2J": 1}], width=80, now=NOW)
    assert "[red]x\ufffd[2j" in text


@given(st.lists(st.text(max_size=40), min_size=5, max_size=5), st.integers(min_value=30, max_value=150))
def test_any_text_fits(texts: list[str], width: int) -> None:
    """Whatever letters a text has, wide ones and marks among them, the table keeps its width and its rows."""
    first, last, email, title, company = texts
    row = Contact(
        id="con_0123456789abcdef", first_name=first, last_name=last, email=email, title=title, company_name=company
    )
    drawn = lines([row], width)
    assert len(drawn) == 3
    assert max(map(cell_len, drawn)) <= width


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (timedelta(seconds=-20), "now"),
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=-5), "5 min ago"),
        (timedelta(hours=-23, minutes=-59), "23 h ago"),
        (timedelta(days=-6), "6 d ago"),
        (timedelta(days=2, hours=3), "in 2 d"),
        (timedelta(minutes=90), "in 1 h"),
        (timedelta(days=-7), "2026-04-24"),
        (timedelta(days=400), "2027-06-05"),
    ],
    ids=str,
)
def test_times_are_short(apart: timedelta, said: str) -> None:
    """Within a week a moment is a distance, beyond it a date."""
    assert distance(NOW + apart, NOW) == said


def test_lines_have_labels() -> None:
    """In a stream each part says what it is; times are whole there, since a line may be kept."""
    assert line_text(REPLY).startswith("Date: 2026-05-01 11:55Z  From: ada@x.example  Subject: Re: Introduction")
    event = DealEvent(row=Deal(id="d", name="Licence"), key="k")
    assert line_text(event) == "deals  Id: d  Name: Licence"


def test_a_row_with_little_to_say() -> None:
    """Parts without a value have no label either."""
    assert line_text(Workspace(id="w", name="Mine")) == "Id: w  Workspace: Mine"


@pytest.mark.contract("the ids leave the title no room at 80 columns; numbers do", "numbers")
@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal(live: Live, columns: int) -> None:
    """The table takes the terminal's width, and what had no room is told beside it."""
    live.state.add("contacts", {"firstName": "Ada", "lastName": "L", "email": "ada@x.example", "title": "Analyst"})
    with on_terminal("contacts", "list", "--limit", "5", env=live.env, columns=columns) as terminal:
        assert terminal.end() == 0
    drawn = terminal.raw.splitlines()
    assert max(map(cell_len, drawn)) <= columns
    assert ("No room for Title: widen the window, or use --json." in terminal.raw) is (columns == 80)


def test_through_a_pipe(live: Live) -> None:
    """`--table` in a pipe is as wide as it comes, whatever COLUMNS says."""
    live.state.add("companies", {"name": "An " + "extraordinarily " * 20 + "long name"})
    outcome = live.cli("companies", "list", "--table", COLUMNS="40")
    assert "extraordinarily " * 20 in outcome.out
    assert outcome.err == ""


def test_a_long_mail_in_a_line_on_a_terminal_is_shortened(live: Live) -> None:
    """A part of a line on a terminal is cut at two hundred characters; in a pipe it is whole."""
    sequence, contact = live.state.create_sequence("Welcome").id, live.state.rows("contacts")[0].id
    live.state.enroll(sequence, [contact])
    live.state.add_reply(contact, body="word " * 200)
    arguments = ("watch", "replies", sequence, "--count", "1", "--table")
    assert ("word " * 200).strip() in live.cli(*arguments).out
    with on_terminal(*arguments, env=live.env) as terminal:
        assert terminal.end() == 0
    assert terminal.screen.count("word") == 40
    assert "…" in terminal.screen
