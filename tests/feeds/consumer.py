"""A consumer of one feed that crashes, and keeps the books the laws are checked against."""

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import Factory, define, field, frozen

from impactive_async._codec.page import RawPage
from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.cursor_state import CursorState
from impactive_async.feeds.cursor.page import NewRow
from impactive_async.feeds.cursor.rules import Now, Rules
from impactive_async.feeds.cursor.server_clock import fallen_back, time_at_server
from impactive_async.models.gap import Gap
from tests.feeds.model_server import DAY, SECOND, Habits, ModelServer, Version

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
        return Rules(
            timestamp="updatedAt", overlap=self.overlap, cap=self.habits.declared_cap, immutable=self.immutable
        )


@define
class Consumer:
    """Polls, handles and saves as `Feed` does; every method asserts the laws that concern it."""

    setting: Setting
    cursor_type: type[Cursor] = Cursor
    checked: bool = True  # whether each page is accepted twice, and each state read again
    server: ModelServer = field(init=False)
    cursor: Cursor = field(init=False)
    in_flight: list[NewRow] = Factory(list)
    delivered: set[Key] = Factory(set)
    acked: set[Key] = Factory(set)
    ever_handled: set[Key] = Factory(set)
    saved_acked: set[Key] = Factory(set)
    may_repeat: set[Key] = Factory(set)
    exempt: set[Key] = Factory(set)
    undated: set[Key] = Factory(set)
    """Rows from before `NOW` that the first page of a server without a `Date` cut off: nobody knows their age."""
    gaps: list[Gap] = Factory(list)
    shown_ahead: set[Key] = Factory(set)
    since: str | None = None
    went_back: bool = False
    saved: str = field(init=False)
    polled: bool = False
    polls: int = 0
    told: int = 0  # polls that told a gap
    told_of_whole: int = 0  # those of them whose page the server had not cut off
    page_came: int | None = None
    saved_page_came: int | None = None

    def __attrs_post_init__(self) -> None:
        self.server = ModelServer(self.setting.habits)
        self.cursor = self.cursor_type(self.setting.rules, feed="f", start=self.setting.start)
        self.saved = self.cursor.dumps()

    # -- what may happen to it ---------------------------------------------------------------------------------

    def poll(self) -> None:
        since = self.cursor.since()
        self._assert_settled()
        if since is not None:  # a look asks for everything
            assert self.went_back or (self.since or "") <= since, "since decreased"
            self.since, self.went_back = since, False
        page = self.server.page(since)
        self.polls += 1
        now = self._now()
        self._mark_shown_ahead(page)
        accepted = self.cursor.accept(page, now, fell_back=self._fell_back(now))
        self.page_came = self.server.passed
        self._count_as_known_if_primed()
        assert not accepted.bad
        self._deliver(accepted.fresh)
        self.gaps += accepted.gaps
        if any(gap.kind != "history" for gap in accepted.gaps):
            self.told += 1
            self.told_of_whole += not self.server.cut_off
        self.went_back = self.went_back or self.cursor._watermarks.went_back
        if self.went_back or not self.checked:
            return
        again = self.cursor.accept(page, now)
        assert [*again.fresh, *again.gaps, *again.bad] == [], "a page accepted twice yielded something"

    def _assert_settled(self) -> None:
        """A cursor leaves out what changes nothing: what was handled moves its watermarks all the same."""
        if self.checked:
            state = self.cursor.fold()
            self.cursor._watermarks.settle(self.cursor._in_flight.oldest())
            assert self.cursor.fold() == state, "the watermarks were not settled"

    def _mark_shown_ahead(self, page: RawPage) -> None:
        """Versions are told apart by their stamps: one that an answer stamps otherwise comes once more."""
        if self.server.ahead and not self.setting.immutable:
            keys = {(row["id"], row["version"]) for row in page.pick(range(len(page)))}
            self.may_repeat |= keys
            self.shown_ahead |= keys
        self.server.ahead = 0

    def _now(self) -> int:
        """What is believed of the server's time; ours is off by as much as the habits say."""
        date = self.server.date()
        told = None if date is None else timestamps.moment(date)
        return time_at_server(
            told, self.cursor.server_clock, (self.server.now + self.setting.habits.skew) / SECOND
        )

    def _fell_back(self, now: int) -> int:
        """What `PageQueue` makes of the time since the page before, of which here a crash loses nothing."""
        before = self.cursor.server_clock
        if before is None or self.page_came is None or not self.setting.habits.tells_time:
            return 0
        passed = (self.server.passed - self.page_came) / SECOND
        return fallen_back(before, now, at_least=passed, at_most=passed)

    def _count_as_known_if_primed(self) -> None:
        if not self.polled and isinstance(self.setting.start, Now):
            self.exempt |= {version.key for version in self.server.rows.values()}
            if not self.setting.habits.tells_time:
                self.undated = self.exempt - self.server.shown
            self.save()  # a feed saves the primed state before anything else
        if not self.polled and self.setting.habits.declared != -1:
            # Of an unknown cap nobody can tell what the first page did not show.
            self.exempt |= {version.key for version in self.server.rows.values()} - self.server.shown
        self.polled = True

    def _deliver(self, fresh: Sequence[NewRow]) -> None:
        order = [(timestamps.parse(row["updatedAt"]), row["id"]) for _, row in fresh]
        assert order == sorted(order), "rows out of order"
        for _, row in fresh:
            key = (row["id"], row["version"])
            news = key not in self.exempt - self.undated - self.shown_ahead or self.setting.start is None
            assert news, "a row from before NOW was delivered"
            assert key not in self.delivered or key in self.may_repeat, "a duplicate"
            if key not in self.shown_ahead:
                self.may_repeat.discard(key)
            self.delivered.add(key)
        self.in_flight += fresh

    def handle(self, count: int, *, backwards: bool) -> None:
        """Ack some of the rows in flight, oldest or newest first: an even number together, others one by one."""
        count = min(count, len(self.in_flight))
        taken = [self.in_flight.pop(-1 if backwards else 0) for _ in range(count)]
        versions = [version for version, _ in taken]
        if count % 2 == 0:
            self.cursor.ack_all(versions)
        for version in versions if count % 2 else []:
            self.cursor.ack(version)
        keys = {(row["id"], row["version"]) for _, row in taken}
        self.acked |= keys
        self.ever_handled |= keys

    def save(self) -> None:
        self.saved = self.cursor.dumps()
        self.saved_acked = set(self.acked)
        self.saved_page_came = self.page_came
        if not self.checked:
            return
        reloaded = self.cursor_type.loads(self.saved, self.setting.rules, "f")
        assert reloaded.dumps() == self.saved, "the state does not survive JSON"
        assert reloaded.since() == self.cursor.since(), "the state does not survive JSON"
        unfolded = self.cursor_type.unfold(self.cursor.fold(), self.setting.rules, "f")
        assert unfolded.dumps() == self.saved, "the state does not survive folding"
        if not self.in_flight:
            self.cursor = reloaded
        self._assert_bounded()

    def _assert_bounded(self) -> None:
        cap = self.setting.habits.cap
        if cap is None:
            return
        known = len(self.cursor._watermarks.known)
        assert known <= 3 * cap + self._most_within_two_ticks(), f"{known} known rows at a cap of {cap}"

    def _most_within_two_ticks(self) -> int:
        width = 2 * self.cursor._watermarks.tick
        stamps = [version.printed for version in self.server.rows.values()]
        return max((sum(abs(other - stamp) <= width for other in stamps) for stamp in stamps), default=0)

    def crash(self) -> None:
        """Start again from what was saved last: what was not acked by then may come again."""
        self.cursor = self.cursor_type.loads(self.saved, self.setting.rules, "f")
        self.since = None
        self.page_came = self.saved_page_came
        self.may_repeat |= self.delivered - self.saved_acked
        self.acked = set(self.saved_acked)
        self.in_flight = []

    # -- the laws of the end -----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Handle what is there and let the overlap pass; then nothing may be missing, and all be still."""
        catching_up = [SECOND] * 30 if self.setting.habits.order == "oldest first" else []
        for wait in (
            0,
            self.setting.overlap + 2 * SECOND,
            DAY,
            *catching_up,
            DAY,
        ):  # no row lies a day in the future
            self.server.wait(wait)
            self.poll()
            self.handle(len(self.in_flight), backwards=False)
            self.save()
        for version in self.server.rows.values():
            assert self._accounted_for(version), f"{version} was lost silently"
        if self.setting.habits.order != "scrambled":  # else each page may show what the last did not
            self._assert_idle()

    def _accounted_for(self, version: Version) -> bool:
        if self.was_delivered(version):
            return True
        stamps = map(timestamps.moment, (version.printed, version.stored))
        reported = [*self.gaps, *self.cursor.known_gaps, *doubtful(self.cursor)]
        return any((gap.after or stamp) <= stamp <= (gap.before or stamp) for stamp in stamps for gap in reported)

    def was_delivered(self, version: Version) -> bool:
        return version.key in self.ever_handled or version.key in self.exempt or self._before_start(version)

    def _before_start(self, version: Version) -> bool:
        start = self.setting.start
        return isinstance(start, datetime) and version.printed < timestamps.micros(start)

    def _assert_idle(self) -> None:
        line = self.cursor._watermarks.line
        self.server.wait(DAY)
        self.poll()
        assert not self.in_flight, "an idle server delivered rows"
        assert self.cursor._watermarks.line == line, "an idle server moved since"


def doubtful(cursor: Cursor) -> list[Gap]:
    """Where rows may be missing, and it is too early to tell."""
    in_doubt = CursorState.unfold(cursor.fold()).in_doubt()
    return [gaps.public(cursor.feed, span) for span in in_doubt]
