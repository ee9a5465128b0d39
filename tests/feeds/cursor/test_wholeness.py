"""Whether a list was cut off, by the rows that a page lacks: of a cut list no row is told gone that is there."""

from __future__ import annotations

import json
import random
from typing import Final

import pytest

from impactive_async.feeds.cursor.evidence.seen_rows import LOOKS, SeenRows
from impactive_async.feeds.cursor.evidence.wholeness import ShownRows, Wholeness, is_short

NEWEST_FIRST: Final = ("updated", "created")
ORDERS: Final = (*NEWEST_FIRST, "oldest", "oldest created", "name", "newest, printed backwards", "none")
ROWS: Final = [f"r{number}" for number in range(22)]


class Server:
    """A list in some order, which comes to be cut off at an unusual length without a word."""

    def __init__(self, order: str, rng: random.Random) -> None:
        self.order = order
        self.rng = rng
        self.cap: int | None = None
        self.rows: dict[str, tuple[int, int, float]] = {}  # when created and updated, and the name
        self.deleted: set[str] = set()
        self.now = 0

    def add(self) -> None:
        self.now += 1
        self.rows[f"r{self.now}"] = (self.now, self.now, self.rng.random())

    def change(self) -> None:
        if self.rows:
            self.now += 1
            row_id = self.rng.choice([*self.rows])
            self.rows[row_id] = (self.rows[row_id][0], self.now, self.rng.random())

    def delete(self) -> None:
        for _ in range(min(self.rng.choice([1, 1, 1, 2, 5]), len(self.rows))):
            place = self.rng.choice([0, -1, self.rng.randrange(len(self.rows))])
            row_id = self.listed()[place]
            del self.rows[row_id]
            self.deleted.add(row_id)

    def listed(self) -> list[str]:
        def place(row_id: str) -> float:
            created, updated, name = self.rows[row_id]
            match self.order:
                case "updated" | "newest, printed backwards":
                    return -updated
                case "created":
                    return -created
                case "oldest":
                    return updated
                case "oldest created":
                    return created
            return name if self.order == "name" else self.rng.random()

        return sorted(self.rows, key=place)

    def page(self) -> list[str]:
        shown = self.listed()[: self.cap]
        return shown[::-1] if self.order == "newest, printed backwards" else shown


class Follower:
    """Looks at the list, and keeps book of what it was told."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seen_rows = SeenRows()
        self.before: dict[str, object] = {}
        self.told: set[str] = set()

    def look(self) -> None:
        ids, rows = self.server.page(), self.server.rows
        changed = {row_id for row_id in ids if self.before.get(row_id) != rows[row_id]}
        self.before.update((row_id, rows[row_id]) for row_id in ids)
        page = ShownRows(
            ids=ids,
            seems_whole=is_short(len(ids), None),
            changed=changed,
            newest_first=self.server.order in NEWEST_FIRST,
        )
        for row_id, removed in self.seen_rows.show(page, 1):
            self.told.add(removed.id)
            self.seen_rows.handled(row_id)
        self.seen_rows = SeenRows.load(json.loads(json.dumps(self.seen_rows.dump())))


def trial(seed: int, order: str, *, cut: bool) -> Follower:
    """Forty looks at a list that lives; at some time it may come to be cut off."""
    rng = random.Random(seed)
    server = Server(order, rng)
    follower = Follower(server)
    for _ in range(rng.randrange(60)):
        server.add()
    for number in range(40):
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
            rng.choice([server.add, server.change, server.delete])()
        known = len(server.rows.keys() & follower.before.keys())
        if cut and server.cap is None and number > 2 and known > 13 and rng.random() < 0.3:
            server.cap = rng.randrange(10, known - 2)
        follower.look()
        assert follower.told <= server.deleted, f"seed {seed}: told gone, and only cut off"
    return follower


@pytest.mark.parametrize("order", ORDERS)
def test_no_row_that_is_only_cut_off_is_told_gone(order: str) -> None:
    """Whatever the order of the list, and whatever comes, changes and goes while it begins to be cut."""
    for seed in range(30):
        trial(seed, order, cut=True)


@pytest.mark.parametrize(("order", "least"), [("updated", 0.6), ("created", 0.6), ("oldest", 0.4), ("none", 0.4)])
def test_most_rows_that_go_are_told(order: str, least: float) -> None:
    """Of a list that is whole, though it changes all the time: those of it that wait are in doubt."""
    deleted = told = 0
    for seed in range(60):
        follower = trial(seed, order, cut=False)
        deleted += len(follower.server.deleted & follower.before.keys())
        told += len(follower.told)
    assert told > least * deleted


@pytest.mark.parametrize("order", ["updated", "oldest"])
def test_the_trials_bite(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of its rules the trial tells a row gone that is there."""

    class BelievesPages(Wholeness):
        def take(self, page: ShownRows) -> bool:
            super().take(page)
            return page.seems_whole

    monkeypatch.setattr("impactive_async.feeds.cursor.evidence.seen_rows.Wholeness", BelievesPages)
    with pytest.raises(AssertionError, match="only cut off"):
        test_no_row_that_is_only_cut_off_is_told_gone(order)


def whole(ids: list[str]) -> ShownRows:
    return ShownRows(ids=ids, seems_whole=True, newest_first=True)


def looks(*pages: list[str]) -> list[set[str]]:
    """What each page of a list that shows the newest row first tells gone."""
    seen_rows, told = SeenRows(), list[set[str]]()
    for ids in pages:
        found = seen_rows.show(whole(ids), 1)
        told.append({removed.id for _, removed in found})
        for row_id, _ in found:
            seen_rows.handled(row_id)
    return told


def test_several_rows_between_others_are_gone() -> None:
    """A cut does not take them, so two looks suffice."""
    page = [*ROWS[:5], *ROWS[11:]]
    assert looks(ROWS, page, page)[-1] == {*ROWS[5:11]}


def test_several_rows_of_the_newest_end_are_gone() -> None:
    """Where the newest row comes first, a cut takes the oldest."""
    assert looks(ROWS, ROWS[6:], ROWS[6:])[-1] == {*ROWS[:6]}


def test_several_rows_of_the_oldest_end_may_be_cut_off() -> None:
    """However often the page comes, and whichever row comes, changes or goes beside."""
    for told in looks(ROWS, *[ROWS[:15]] * 20, ["new", *ROWS[:14]], *[[ROWS[3], *ROWS[:3], *ROWS[4:15]]] * 5):
        assert not told


def test_they_are_gone_once_the_list_has_clearly_another_length() -> None:
    """A cap would show no three more, and would bring rows back where three have gone."""
    cut, longer = ROWS[:15], ["n1", "n2", "n3", *ROWS[:15]]
    assert looks(ROWS, cut, cut, longer, longer)[-1] == {*ROWS[15:]}
    shorter = [*ROWS[:4], *ROWS[8:15]]
    told = looks(ROWS, cut, cut, *[shorter] * (LOOKS + 8))
    assert set[str]().union(*told) == {*ROWS[4:8], *ROWS[15:]}


def test_rows_that_come_back_prove_that_it_was_cut() -> None:
    """A cap that grows shows some of them again; the others may still be cut off."""
    for told in looks(ROWS, ROWS[:14], ROWS[:14], *[ROWS[:19]] * 5, *[ROWS] * 3):
        assert not told


def test_a_page_that_shows_nothing_for_once_clears_no_doubt() -> None:
    """A fault of the server's between two pages that were cut off."""
    for told in looks(ROWS, ROWS[:15], [], ROWS[:15], ROWS[:15], ROWS[:15]):
        assert not told
    for told in looks(ROWS, [], ROWS[:15], ROWS[:15], ROWS[:15]):
        assert not told


def test_one_row_of_the_oldest_end_is_gone() -> None:
    """No cap shrinks by one; but one that came may have pushed it off a list which is as long as it can be."""
    assert looks(ROWS, ROWS[:-1], ROWS[:-1])[-1] == {ROWS[-1]}
    assert looks(ROWS, ["new", *ROWS[:-1]], ["new", *ROWS[:-1]], ["new", *ROWS[:-1]])[-1] == set()
