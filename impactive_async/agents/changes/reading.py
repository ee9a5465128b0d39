"""Reading the log: from a token to what came after it, and the next token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final

import attrs

from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.changes.log import ChangeLog, LoggedChange, LogState
from impactive_async.agents.changes.sources import ChangeSource

LAST: Final = "last"
"""The token of who has forgotten its own."""
_TOKEN: Final = re.compile(r"([0-9a-f]{8})\.([0-9]{1,15})")
_TRIES: Final = 3


@attrs.frozen(kw_only=True)
class ReadChanges:
    """Changes after a token.

    Attributes:
        changes: The oldest first.
        state: The log that they are of.
        remarks: What a reader must know, in words.
    """

    changes: Sequence[LoggedChange]
    state: LogState
    remarks: Sequence[str] = ()

    def token(self, number: int) -> str:
        """Return the token of who has got all up to this number."""
        return f"{self.state.log}.{number}"


@attrs.define
class Changes:
    """The changes of a workspace.

    Attributes:
        log: Where they are kept.
        source: Where they come from.
    """

    log: ChangeLog
    source: ChangeSource
    _turn: asyncio.Lock = attrs.field(init=False, factory=asyncio.Lock)

    async def since(self, token: str | None, count: int) -> tuple[ReadChanges, int]:
        """Return what came after a token, and the number that the token stands for. `None`: from now on.

        The same token may be read again: nothing is lost if an answer is.

        Raises:
            ToolRefused: The token is not one of this log.
            ImpactiveError: The source, or the log, cannot be read.
        """
        state = await self.log.state()
        number = None if token is None else _number(token, state)
        remarks: list[str] = []
        if number is None or state.end - number < count:
            state, remarks = await self.fetch()
        start = state.end if number is None else number
        if token is not None:
            await self.log.confirm(start)
        if (missed := state.first - 1 - start) > 0 and number is not None:
            remarks.append(f"{missed} changes are no longer kept: you were too far behind. Look at the lists.")
        return ReadChanges(changes=await self.log.after(start, count), state=state, remarks=remarks), start

    async def fetch(self) -> tuple[LogState, list[str]]:
        """Fetch what is new into the log; return where it is now, and what could not be read."""
        async with self._turn:
            for _ in range(_TRIES):
                state = await self.log.state()
                fetched = await self.source.fetch(state.cursors)
                if await self.log.append(state, fetched.events, fetched.cursors):
                    await fetched.settle()
                    return await self.log.state(), list(fetched.remarks)
            return await self.log.state(), ["Another server fetches the changes at the moment."]


def _number(token: str, state: LogState) -> int:
    if token == LAST:
        return state.last
    match = _TOKEN.fullmatch(token)
    if match is None or match[1] != state.log or int(match[2]) > state.end:
        raise ToolRefused(
            "This token is not one of this server. Call changes_since with token='last' to go on where the last"
            " reader was, or without a token to begin from now on."
        )
    return int(match[2])
