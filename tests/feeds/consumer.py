"""A consumer of one feed that crashes, and keeps the books the laws are checked against."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import Factory, define, field, frozen

from impactive_async.feeds import timestamps
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.rules import Now, Rules
from impactive_async.feeds.server_clock import fallen_back, time_at_server
from impactive_async.models.gap import Gap

from .model_server import SECOND, Habits, ModelServer, Version

DAY = 86_400 * SECOND
Key = tuple[str, int]
MakeCursor = Callable[..., Cursor]


@frozen
class Setting:
    """One feed over one server."""

    habits: Habits
    overlap: int
    immutable: bool
    start: datetime | Now | None

    @property
    def rules(self) -> Rules:
        return Rules(timestamp="updatedAt", overlap=self.overlap, cap=self.habits.cap, immutable=self.immutable)


@define
class Consumer:
    """Polls, handles and saves as `Feed` does; every method asserts the laws that concern it."""

    setting: Setting
    cursor_type: type[Cursor] = Cursor
    server: ModelServer = field(init=False)
    cursor: Cursor = field(init=False)
    hand: list[dict[str, Any]] = Factory(list)
    delivered: set[Key] = Factory(set)
    acked: set[Key] = Factory(set)
    ever_handled: set[Key] = Factory(set)
    saved_acked: set[Key] = Factory(set)
    may_repeat: set[Key] = Factory(set)
    exempt: set[Key] = Factory(set)
    gaps: list[Gap] = Factory(list)
    since: str | None = None
    saved: str = field(init=False)
    polled: bool = False
    page_came: int | None = None
    saved_page_came: int | None = None

    def __attrs_post_init__(self) -> None:
        self.server = ModelServer(self.setting.habits)
        self.cursor = self.cursor_type(self.setting.rules, feed="f", start=self.setting.start)
        self.saved = self.cursor.dumps()

    # -- what may happen to it ---------------------------------------------------------------------------------

    def poll(self) -> None:
        since = self.cursor.since()
        assert (self.since or "") <= (since or ""), "since decreased"
        self.since = since
        page = self.server.page(since)
        now = self._now()
        accepted = self.cursor.accept(page, now, fell_back=self._fell_back(now))
        self.page_came = self.server.passed
        self._count_as_known_if_primed()
        assert not accepted.bad
        self._deliver([dict(row) for row in accepted.fresh])
        self._told(list(accepted.gaps))
        again = self.cursor.accept(page, now)
        assert [*again.fresh, *again.gaps, *again.bad] == [], "a page accepted twice yielded something"

    def _now(self) -> int:
        """What is believed of the server's time; ours is off by as much as the habits say."""
        date = self.server.date()
        told = None if date is None else timestamps.moment(date)
        return time_at_server(
            told, self.cursor.server_clock, (self.server.now + self.setting.habits.skew) / SECOND
        )

    def _fell_back(self, now: int) -> int:
        """What `Intake` makes of the time since the page before, of which here a crash loses nothing."""
        before = self.cursor.server_clock
        if before is None or self.page_came is None or not self.setting.habits.tells_time:
            return 0
        passed = (self.server.passed - self.page_came) / SECOND
        return fallen_back(before, now, at_least=passed, at_most=passed)

    def _count_as_known_if_primed(self) -> None:
        if not self.polled and isinstance(self.setting.start, Now):
            self.exempt |= {version.key for version in self.server.rows.values()}
            self.save()  # a feed saves the primed state before anything else
        self.polled = True

    def _deliver(self, fresh: list[dict[str, Any]]) -> None:
        order = [(timestamps.parse(row["updatedAt"]), row["id"]) for row in fresh]
        assert order == sorted(order), "rows out of order"
        for row in fresh:
            key = (row["id"], row["version"])
            assert key not in self.exempt, "a row from before NOW was delivered"
            assert key not in self.delivered or key in self.may_repeat, "a duplicate"
            self.may_repeat.discard(key)
            self.delivered.add(key)
        self.hand += fresh

    def _told(self, gaps: list[Gap]) -> None:
        assert self.server.shown_full or self.server.jumps or not gaps, "a gap, though no page was full"
        self.gaps += gaps

    def handle(self, count: int, *, backwards: bool) -> None:
        """Ack some of the rows in hand, oldest or newest first."""
        for _ in range(min(count, len(self.hand))):
            row = self.hand.pop(-1 if backwards else 0)
            self.cursor.ack(row)
            self.acked.add((row["id"], row["version"]))
            self.ever_handled.add((row["id"], row["version"]))

    def save(self) -> None:
        self.saved = self.cursor.dumps()
        self.saved_acked = set(self.acked)
        self.saved_page_came = self.page_came
        reloaded = self.cursor_type.loads(self.saved, self.setting.rules, "f")
        assert reloaded.dumps() == self.saved, "the state does not survive JSON"
        assert reloaded.since() == self.cursor.since(), "the state does not survive JSON"
        unfolded = self.cursor_type.unfold(self.cursor.fold(), self.setting.rules, "f")
        assert unfolded.dumps() == self.saved, "the state does not survive folding"
        if not self.hand:
            self.cursor = reloaded
        self._assert_bounded()

    def _assert_bounded(self) -> None:
        cap = self.setting.habits.cap
        if cap is None:
            return
        known = len(self.cursor._progress.known)
        assert known <= 3 * cap + self._most_within_two_ticks(), f"{known} known rows at a cap of {cap}"

    def _most_within_two_ticks(self) -> int:
        width = 2 * self.cursor._progress.tick
        stamps = [version.printed for version in self.server.rows.values()]
        return max((sum(abs(other - stamp) <= width for other in stamps) for stamp in stamps), default=0)

    def crash(self) -> None:
        """Start again from what was saved last: what was not acked by then may come again."""
        self.cursor = self.cursor_type.loads(self.saved, self.setting.rules, "f")
        self.since = self.cursor.since()
        self.page_came = self.saved_page_came
        self.may_repeat |= self.delivered - self.saved_acked
        self.acked = set(self.saved_acked)
        self.hand = []

    # -- the laws of the end -----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Handle what is there and let the overlap pass; then nothing may be missing, and all be still."""
        for wait in (0, self.setting.overlap + 2 * SECOND, DAY, DAY):  # no row lies a day in the future
            self.server.wait(wait)
            self.poll()
            self.handle(len(self.hand), backwards=False)
            self.save()
        for version in self.server.rows.values():
            assert self._accounted_for(version), f"{version} was lost silently"
        if self.setting.habits.order == "newest first":  # else each page may show what the last did not
            self._assert_idle()

    def _accounted_for(self, version: Version) -> bool:
        if version.key in self.ever_handled | self.exempt or self._before_start(version):
            return True
        stamp = timestamps.moment(version.printed)
        return any((gap.after or stamp) <= stamp <= (gap.before or stamp) for gap in self.gaps)

    def _before_start(self, version: Version) -> bool:
        start = self.setting.start
        return isinstance(start, datetime) and version.printed < timestamps.micros(start)

    def _assert_idle(self) -> None:
        since = self.cursor.since()
        self.server.wait(DAY)
        self.poll()
        assert not self.hand, "an idle server delivered rows"
        assert self.cursor.since() == since, "an idle server moved since"
