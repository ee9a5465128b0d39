"""Answers stay within their limits, and nothing is left out without a word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async import Contact
from impactive_async.agents.answering.pages import Pages, listing_of
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.text.rows import RowShape
from impactive_async.agents.text.tokens import compact, count_tokens

TEXTS = {
    "plain": "Ada",
    "empty": "",
    "brackets": "⟦" * 2000,
    "quotes": '\\"' * 900,
    "kanji": "語" * 3000,
    "ids": "a1" * 4000,
}
KINDS = st.lists(st.sampled_from(sorted(TEXTS)), max_size=60)
FULL = RowShape("full")


@settings(deadline=None)  # how long it takes is no law
@given(KINDS, st.integers(1, 40), st.sampled_from([1000, 1500, 6000]))
def test_pages_show_every_row_once_within_the_limit(kinds: list[str], limit: int, most: int) -> None:
    """However large the rows are: the pages together have all ids, and none has more tokens than allowed."""
    texts = [TEXTS[kind] for kind in kinds]
    people = [Contact(id=f"con_{n}", first_name=text, last_name="B", title=text) for n, text in enumerate(texts)]
    pages = Pages(most)
    page = pages.first(listing_of("find_people", people, FULL), limit)
    seen: list[str] = []
    while True:
        assert count_tokens(compact(page)) <= most
        assert len(page["rows"]) <= limit
        assert page["total"] == len(people)
        seen += [row["id"] for row in page["rows"]]
        if "cursor" not in page:
            break
        assert page["rows"]
        assert page["truncated"]
        page = pages.go_on("find_people", page["cursor"])
    assert seen == [person.id for person in people]


def test_a_page_may_be_asked_for_again() -> None:
    """An answer that was lost is not lost with its rows."""
    pages = Pages()
    people = [Contact(id=str(number), first_name="A", last_name="B") for number in range(60)]
    cursor = pages.first(listing_of("find_people", people, FULL))["cursor"]
    assert pages.go_on("find_people", cursor) == pages.go_on("find_people", cursor)


def test_a_cursor_is_of_one_tool_and_expires_with_a_word() -> None:
    """Both errors say what to do."""
    pages = Pages()
    people = [Contact(id=str(number), first_name="A", last_name="B") for number in range(60)]
    cursor = pages.first(listing_of("find_people", people, FULL))["cursor"]
    with pytest.raises(ToolRefused, match="Call find_people with it"):
        pages.go_on("pipeline", cursor)
    for _ in range(40):
        pages.first(listing_of("find_people", list(people), FULL))
    with pytest.raises(ToolRefused, match="without a cursor"):
        pages.go_on("find_people", cursor)


def test_a_list_that_the_api_cuts_is_truncated_on_every_page() -> None:
    """Also where all rows that are known stand on it."""
    page = Pages().first(listing_of("find_people", [], FULL, incomplete="The API shows a part."))
    assert page["truncated"]
    assert page["remarks"] == ["The API shows a part."]


def test_a_head_that_is_too_large_is_shortened_and_says_so() -> None:
    """Rows still have half of the room."""
    head = {"enrollments": [{"sequence_id": "x" * 60} for _ in range(2000)]}
    page = Pages(1000).first(listing_of("show_person", [], FULL, head=head))
    assert page["shortened"]
    assert count_tokens(compact(page)) <= 1000
