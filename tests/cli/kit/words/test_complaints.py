"""What is said of rows: each of a few, kinds of many."""

from __future__ import annotations

import tracemalloc

from impactive_async.cli.kit.words.complaints import Complaints, kind_of


def told(complaints: Complaints) -> list[str]:
    return list(complaints.sentences("leads.csv:", "leads.csv: "))


def test_a_few_are_told_one_by_one() -> None:
    """Neighbours with one reason in one sentence, in the order of the rows."""
    complaints = Complaints("not created")
    for row, reason in ((3, "no"), (4, "no"), (5, "no"), (9, "other"), (11, "no")):
        complaints.add(row, reason)
    assert told(complaints) == [
        "leads.csv:3 to 5: not created: no",
        "leads.csv:11: not created: no",
        "leads.csv:9: not created: other",
    ]


def test_a_reason_that_comes_again_and_again_is_told_once() -> None:
    """Ids of requests do not make it another one; what is quoted does."""
    complaints = Complaints()
    for row in range(2, 20, 2):
        complaints.add(row, f"refused [request req_{row:08}]")
        complaints.add(row + 1, f"'{row}@' is no address")
    first, *others = told(complaints)
    assert first == ("leads.csv: 9 lines: refused [request req_00000002] (lines 2, 4, 6, 8, 10, 12, 14, 16, 18)")
    assert others == [f"leads.csv:{row + 1}: '{row}@' is no address" for row in range(2, 20, 2)]


def test_many_are_told_by_their_kinds() -> None:
    """The largest first, with their sums, an example, and the first of their numbers."""
    complaints = Complaints("not enrolled", "contact")
    for row in range(1000):
        complaints.add(row, f"'{row}' is no id" if row % 3 else "gone")
    lines = list(complaints.sentences("contact "))
    assert len(lines) == 2
    assert lines[0].startswith("666 contacts: not enrolled: '1' is no id (contacts 1 to 2, 4 to 5, ")
    assert lines[0].endswith(" and 626 more)")
    assert lines[1].startswith("334 contacts: not enrolled: gone (contacts 0, 3, 6, ")


def test_the_sums_add_up_however_many_kinds_there_are() -> None:
    """What does not fit is summed up in the end."""
    complaints = Complaints()
    for row in range(3000):
        complaints.add(row, "x" * (row % 300 + 1))
    lines = told(complaints)
    assert len(lines) == 21
    assert lines[-1].endswith("lines: other reasons")
    assert sum(int(line.split()[1].replace(",", "")) for line in lines) == 3000


def test_memory_does_not_grow_with_the_rows() -> None:
    """A run of twenty thousand neighbours is one run, and of a group only the first numbers are kept."""
    tracemalloc.start()
    try:
        complaints = Complaints()
        for row in range(20_000):
            complaints.add(row, "no last name")
            complaints.add(row, f"'{row}' is no address")
        assert tracemalloc.get_traced_memory()[0] < 60_000
    finally:
        tracemalloc.stop()


def test_kinds_of_reasons() -> None:
    """What is quoted, ids and numbers are one row's own."""
    assert kind_of("'a' is none, see req_00000118 and 7 more") == kind_of(
        "'b' is none, see req_00000119 and 8 more"
    )
    assert kind_of("no last name") != kind_of("no first name")
