"""When a poll asks without `since`.

About once an hour: such a look finds rows that no overlap reaches, and shows that the list is alive. A list that
fills sooner has the next look before half of what the last one showed has left the page. A poll that showed none
of the rows known is also followed by a look: that `since` was misread, if it was, shows at once. A list whose
`since` was misread twice running is asked without it, and once an hour with it.
"""

from typing import Final

from attrs import define

from impactive_async.feeds.cursor import timestamps

EVERY: Final = timestamps.HOUR
SILENT: Final = 3
"""Polls running without a known row, after which that is reported."""
MISREAD: Final = 2
"""Looks that show what the poll before withheld, after which `since` is not trusted."""


@define
class Looks:
    """The looks of one feed.

    Attributes:
        last: The server's time at the last look, in microseconds; `None`: a look is due.
        silent: Polls in a row that showed no known row, though they should have.
        misread: Looks in a row that showed known rows which the poll before had withheld.
        tried: The server's time at the last poll with `since`.
        left: How many rows may still come before the next look: half a page, or more as long as three quarters of
            a page are not filled.
        new: How many came with a page lately, at the most, and so may come with each of the next ones.
        shown_from: The last look showed all rows from this moment on.
    """

    last: int | None = None
    silent: int = 0
    misread: int = 0
    tried: int = timestamps.BEGINNING
    left: int = 0
    new: int = 0
    shown_from: int = timestamps.END

    @property
    def distrusts_since(self) -> bool:
        """Whether the server does not show what `since` asks for."""
        return self.misread >= MISREAD

    def is_due(self, clock: int | None) -> bool:
        """Whether the next poll is a look, given the server's time at the last one."""
        if self.last is None or self.silent:
            return True
        if self.distrusts_since:
            return clock is not None and clock - self.tried < EVERY
        return self.left < 2 * self.new or (clock is not None and clock - self.last >= EVERY)

    def polled(self, clock: int | None, *, look: bool, witnessed: bool) -> bool:
        """Count a page; return whether it is the one at which missing witnesses are to be reported."""
        self.new = self.new // 2
        withheld, self.silent = self.silent, 0 if witnessed else self.silent + 1
        if not look:
            self.tried = self.tried if clock is None else clock
            self.misread = 0 if witnessed else self.misread
            return self.silent == SILENT
        self.last = timestamps.BEGINNING if clock is None else clock
        self.misread += bool(withheld) and witnessed and not self.distrusts_since
        return self.silent == SILENT
