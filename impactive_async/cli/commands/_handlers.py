"""`impactive hub events --exec`: events handed to a program of the user's, which says what it has handled."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from abc import abstractmethod
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from impactive_async.cli.kit.errors import UsageError
from impactive_async.hub import EventReader, HubEvent

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

_LONGEST_LINE: Final = 1 << 20
"""Bytes of a line that a program prints."""


class Handler(Protocol):
    """A program that handles events, one at a time."""

    @abstractmethod
    async def handle(self, event: HubEvent, within: float) -> str:
        """Hand over an event; return why it is not handled, or "" if it is.

        Args:
            event: One line of JSON for the program.
            within: Seconds that it has; then it is ended.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """End what still runs."""


class ProcessForEach(Handler):
    """Runs the program anew for each event, which it reads from standard input. Exit code 0 means handled."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._running: Process | None = None

    async def handle(self, event: HubEvent, within: float) -> str:
        """See `Handler.handle`."""
        self._running = process = await asyncio.create_subprocess_exec(*self._words, stdin=PIPE)
        try:
            async with asyncio.timeout(within):
                await process.communicate(_line(event))
        except TimeoutError:
            await self.aclose()
            return f"it took longer than {within:g} s, and was ended"
        return f"exit code {process.returncode}" if process.returncode else ""

    async def aclose(self) -> None:
        """See `Handler.aclose`."""
        await _end(self._running)


class ProcessForAll(Handler):
    """Runs the program once. It reads events, one a line, and prints the id of each when it has handled it.

    A program that ends, or takes too long, is started again with the next event.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._running: Process | None = None

    async def handle(self, event: HubEvent, within: float) -> str:
        """See `Handler.handle`."""
        try:
            async with asyncio.timeout(within):
                printed = await self._ask(event)
        except TimeoutError:
            why = f"it took longer than {within:g} s, and was ended"
        except (ConnectionError, ValueError) as error:  # it reads no more, or prints a line without an end
            why = str(error) or "it reads no more"
        else:
            if printed == event.id:
                return ""
            why = f"it printed {printed!r} instead of the id" if printed else "it ended before it printed the id"
        await self.aclose()
        return why

    async def _ask(self, event: HubEvent) -> str:
        process = await self._process()
        assert process.stdin  # noqa: S101 - for type checkers: both are pipes
        assert process.stdout  # noqa: S101
        process.stdin.write(_line(event))
        await process.stdin.drain()
        return (await process.stdout.readline()).decode(errors="replace").strip()

    async def _process(self) -> Process:
        if self._running is None or self._running.returncode is not None:
            self._running = await asyncio.create_subprocess_exec(
                *self._words, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE
            )
        return self._running

    async def aclose(self) -> None:
        """See `Handler.aclose`; a program that can reads to the end of its input, and then ends."""
        running, self._running = self._running, None
        await _end(running)


def handler_of(command: str, *, stays: bool) -> Handler:
    """Return what runs a command line. No shell reads it: that would be `sh -c '…'`.

    Raises:
        UsageError: It is empty, has an open quote, or names no program that can be run.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--exec: {error}.") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"--exec: {words[0] if words else 'nothing'!r} is no program that can be run.")
    return ProcessForAll(words) if stays else ProcessForEach(words)


async def hand_over(run: Run, reader: EventReader, count: int | None, handler: Handler, visibility: float) -> None:
    """Hand events to a program, one after the other, and acknowledge those that it has handled.

    Args:
        run: Hears of those that it has not.
        reader: Takes one event at a time.
        count: After how many to stop; None: never.
        handler: The program.
        visibility: Seconds that it has for one.
    """
    handled = 0
    try:
        async for delivery in reader:
            if why := await handler.handle(delivery.event, visibility):
                run.note(f"{delivery.event.id} is not handled (delivery {delivery.deliveries}): {why}.")
            else:
                await delivery.ack()
            handled += 1
            if handled == count:
                return
    finally:
        await handler.aclose()


def _line(event: HubEvent) -> bytes:
    return f"{event.to_json()}\n".encode()


async def _end(process: Process | None) -> None:
    if process is not None and process.returncode is None:
        process.kill()
        await process.wait()
