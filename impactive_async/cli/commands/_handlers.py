"""`impactive hub events --exec`: events handed to a program of the user's, which says what it has handled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
from abc import abstractmethod
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from impactive_async.cli.kit.errors import UsageError
from impactive_async.hub import EventReader, HubEvent

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

_LONGEST_LINE: Final = 1 << 20
"""Bytes of a line that a program prints."""
_SHOWN: Final = 80
"""Characters that a message quotes of such a line."""
_GRACE: Final = 5.0
"""Seconds that a program has to end by itself."""
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


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
        """Have what still runs end by itself; kill it after five seconds."""


class ProcessForEach(Handler):
    """Runs the program anew for each event, which it reads from standard input. Exit code 0 means handled."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._running: Process | None = None

    async def handle(self, event: HubEvent, within: float) -> str:
        """See `Handler.handle`."""
        self._running = process = await _start(self._words)
        try:
            async with asyncio.timeout(within):
                await process.communicate(_line(event))
        except TimeoutError:
            await _kill(process)
            return f"it took longer than {within:g} s, and was ended"
        return _failure(process.returncode or 0)

    async def aclose(self) -> None:
        """See `Handler.aclose`; SIGTERM asks it to end."""
        if self._running is not None and self._running.returncode is None:
            _send(self._running, signal.SIGTERM)
            await _end(self._running)


class ProcessForAll(Handler):
    """Runs the program once. It reads events, one a line, and prints the id of each when it has handled it.

    A program that ends, takes too long, or prints something else is ended, and started again with the next event.
    Empty lines, and the id of the event before, say nothing.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._running: Process | None = None
        self._before = ""

    async def handle(self, event: HubEvent, within: float) -> str:
        """See `Handler.handle`."""
        try:
            async with asyncio.timeout(within):
                printed = await self._ask(event)
        except TimeoutError:
            why = f"it took longer than {within:g} s, and was ended"
        except ConnectionError:
            why = "it reads no more"
        except ValueError:
            why = f"it printed more than {_LONGEST_LINE:,} bytes without an end of line"
        else:
            if printed == event.id:
                self._before = event.id
                return ""
            why = (
                f"it printed {_cut(printed)!r} instead of the id"
                if printed
                else "it ended before it printed the id"
            )
        running, self._running = self._running, None
        if running is not None:
            await _kill(running)
        return why

    async def _ask(self, event: HubEvent) -> str:
        process = await self._process()
        assert process.stdin  # noqa: S101 - for type checkers: both are pipes
        assert process.stdout  # noqa: S101
        process.stdin.write(_line(event))
        await process.stdin.drain()
        while line := await process.stdout.readline():
            printed = line.decode(errors="replace").strip()
            if printed not in ("", self._before) or printed == event.id:
                return printed
        return ""

    async def _process(self) -> Process:
        if self._running is None or self._running.returncode is not None:
            self._running = await _start(self._words, stdout=PIPE, limit=_LONGEST_LINE)
            self._before = ""
        return self._running

    async def aclose(self) -> None:
        """See `Handler.aclose`; the end of its input asks it to end."""
        running, self._running = self._running, None
        if running is not None and running.returncode is None:
            assert running.stdin  # noqa: S101 - as above
            running.stdin.close()
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


def _failure(code: int) -> str:
    """Return why a program that ended so has not handled its event; "" if it has."""
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"exit code {code}" if code else ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


async def _start(words: Sequence[str], **pipes: Any) -> Process:
    """Start a program in a process group of its own, so that what it starts can be ended with it."""
    return await asyncio.create_subprocess_exec(*words, stdin=PIPE, process_group=0, **pipes)


def _send(process: Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:  # on Windows, which has no groups
            process.kill()


async def _end(process: Process) -> None:
    """Wait until a program that was asked to end has done so; kill it if that takes too long."""
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while process.stdout and await process.stdout.read(_LONGEST_LINE):
                    pass
                await process.wait()
    finally:
        await _kill(process)


async def _kill(process: Process) -> None:
    _send(process, _KILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):  # what has left the group may hold its pipes open
            await process.wait()
