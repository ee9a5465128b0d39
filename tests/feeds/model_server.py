"""A model of the vendor's capped lists, with every way they may differ, on a clock that only tests move.

All times are microseconds. A version of a row is shown while it is the row's newest and it is visible.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from attrs import Factory, define, evolve, field, frozen

from impactive_async._codec.page import RawPage, page_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
NEW_YEAR = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z

Printing: TypeAlias = Literal["truncated", "rounded", "exact"]
Order: TypeAlias = Literal["newest first", "oldest first", "scrambled"]


@frozen(kw_only=True)
class Habits:
    """What a client cannot know of a server."""

    inclusive: bool = True
    printing: Printing = "truncated"
    precision: int = 1_000  # of printed timestamps; stored ones have microseconds unless printed exactly
    cap: int | None = 3
    order: Order = "newest first"
    ties: int = 1  # a seed: which of several rows of one instant comes first
    tells_time: bool = True
    skew: int = 0  # how far the client's clock is ahead
    heeds_since: bool = True
    declared: int | None = -1  # the cap that the contract names; -1: the true one
    marks_more: bool = False  # whether a page that was cut off says so
    zone: int = 0  # how far `since` is misread

    @property
    def declared_cap(self) -> int | None:
        return self.cap if self.declared == -1 else self.declared


@frozen
class Version:
    """One version of a row: `stored` is what the server compares, `printed` what it shows."""

    id: str
    number: int
    stored: int
    printed: int
    unit: int = 1  # of a stamp printed more coarsely than others

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.number


@define
class ModelServer:
    """Rows come in late, change, lie in the future; a page is what the habits make of it."""

    habits: Habits
    now: int = NEW_YEAR
    passed: int = 0  # time that has really passed, whatever the clock shows
    jumps: int = 0
    rows: dict[str, Version] = Factory(dict)
    numbers: int = 0
    shown_full: int = 0
    cut_off: bool = False
    """Whether the last page lacks rows that were asked for."""
    cap: int | None = field(init=False)
    ahead: int = 0  # by how much the next answer is ahead of its time
    deleted: dict[tuple[str, int], Version] = Factory(dict)
    shown: set[tuple[str, int]] = field(factory=set)
    hidden: set[tuple[str, int]] = field(factory=set)  # asked for, and cut off

    def __attrs_post_init__(self) -> None:
        self.cap = self.habits.cap

    def wait(self, duration: int) -> None:
        """Let time pass."""
        self.now += duration
        self.passed += duration

    def jump_back(self, duration: int) -> None:
        """Set the clock back."""
        self.now -= duration
        self.jumps += 1

    def insert(self, behind: int) -> Version:
        """Make a new row visible now that is stamped `behind` microseconds ago (below 0: in the future)."""
        return self._put(f"r{self.numbers}", self.now - behind)

    def insert_coarse(self, unit: int) -> Version:
        """The same, printed without what is finer than the unit."""
        version = self.insert(0)
        printed = version.stored - version.stored % unit
        self.rows[version.id] = evolve(version, printed=printed, unit=unit)
        return self.rows[version.id]

    def delete(self, pick: int) -> None:
        """Take a row off the list."""
        if self.rows:
            version = self.rows.pop(list(self.rows)[pick % len(self.rows)])
            self.deleted[version.key] = version

    def change(self, pick: int, behind: int) -> Version | None:
        """Give a row a new version, at least one printed tick newer than its last, as `updatedAt` is."""
        if not self.rows:
            return None
        old = list(self.rows.values())[pick % len(self.rows)]
        stamp = max(self.now - behind, old.printed + 2 * self.habits.precision)
        self.wait(max(0, stamp - self.now))
        return self._put(old.id, stamp)

    def _put(self, row_id: str, stamp: int) -> Version:
        self.numbers += 1
        version = Version(row_id, self.numbers, *self._stamps(stamp))
        self.rows[row_id] = version
        return version

    def _stamps(self, stamp: int) -> tuple[int, int]:
        precision = self.habits.precision
        down = stamp - stamp % precision
        if self.habits.printing == "exact":
            return down, down
        if self.habits.printing == "rounded":
            middle = stamp + precision // 2
            return stamp, middle - middle % precision
        return stamp, down

    def page(self, since: str | None) -> RawPage:
        """The response's rows."""
        versions = [version for version in self.rows.values() if self._asked(version, since)]
        versions.sort(key=lambda version: (-version.stored, self._shuffle(version)))
        if self.habits.order == "oldest first":
            versions.reverse()
        cap = self.cap
        self.shown_full += cap is not None and len(versions) >= cap
        chosen = self._scrambled(versions)[:cap]
        self.cut_off = len(chosen) < len(versions)
        if self.shown:
            self.hidden |= {version.key for version in versions} - {version.key for version in chosen}
        self.shown |= {version.key for version in chosen}
        page = page_of([self._shown(version) for version in chosen], "id", "updatedAt")
        return evolve(page, more=self.habits.marks_more and self.cut_off)

    def _shuffle(self, version: Version) -> int:
        return (version.number * 7919 + self.habits.ties * 31) % 101

    def _scrambled(self, versions: list[Version]) -> list[Version]:
        """Any rows of the list, in an order that shows it; where none can (all of one instant), the newest."""
        if self.habits.order != "scrambled":
            return versions
        chosen = sorted(sorted(versions, key=self._shuffle)[: self.cap], key=lambda version: version.stored)
        middle = chosen[1:-1]
        if len({version.printed for version in (chosen[0], *middle[:1], chosen[-1])}) < 3 if chosen else True:
            return versions
        return [*middle[:1], *chosen[-1:], *middle[1:], *chosen[:1]]

    def _asked(self, version: Version, since: str | None) -> bool:
        if since is None or not self.habits.heeds_since:
            return True
        bound = (datetime.fromisoformat(since) - EPOCH) // timedelta(microseconds=1) + self.habits.zone
        return version.stored >= bound if self.habits.inclusive else version.stored > bound

    def _shown(self, version: Version) -> dict[str, Any]:
        return {
            "id": version.id,
            "updatedAt": self.print(version.printed + self.ahead, version.unit),
            "version": version.number,
        }

    def print(self, stamp: int, unit: int = 1) -> str:
        if unit > SECOND:
            return (EPOCH + timedelta(microseconds=stamp)).strftime(
                "%Y-%m-%d" if unit == DAY else "%Y-%m-%dT%H:%MZ"
            )
        digits = {1: 6, 1_000: 3, SECOND: 0}[self.habits.precision]
        text = (EPOCH + timedelta(microseconds=stamp)).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return (text[: -(6 - digits)] if digits < 6 else text).rstrip(".") + "Z"

    def date(self) -> int | None:
        """The `Date` header: whole seconds, rounded down."""
        return self.now - self.now % SECOND + self.ahead if self.habits.tells_time else None
