"""Answers in place of an event loop that is blocked: it cannot say itself that it does not turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import selectors
import socket
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Iterable
from typing import Final

BLOCKED_AFTER: Final = 10.0
"""Seconds without a turn from which on an event loop counts as blocked."""

_BEATS: Final = 10
"""Signs of life in that time."""
_GLANCE: Final = 0.1
"""Seconds between two looks at a loop that is blocked."""
_PATIENCE: Final = 1.0
"""Seconds that whoever asks has for the question."""
_MOST: Final = 8192
"""Bytes of a question that are read."""
_LINES: Final = 12
"""Calls of a stack that are logged, the innermost."""

_log = logging.getLogger("impactive_async.operations")


@contextlib.asynccontextmanager
async def watching(sockets: Iterable[socket.socket], after: float = BLOCKED_AFTER) -> AsyncIterator[None]:
    """While the block lasts, answer 503 on sockets that the running loop listens on whenever it is blocked.

    A thread waits for signs of life of the loop. If there is none for `after` seconds, it logs what the loop does
    and answers whoever connects, until the loop turns again. Code that holds the interpreter itself, as a few C
    functions do, keeps the thread from it too.

    Args:
        sockets: They are duplicated.
        after: Seconds.
    """
    own = [socket.fromfd(one.fileno(), one.family, one.type) for one in sockets]
    watch = _LoopWatch(own, after)
    watch.beat()
    thread = threading.Thread(target=watch.run, name="impactive-loop-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stopped.set()
        await asyncio.to_thread(thread.join)
        watch.close()


class _LoopWatch:
    def __init__(self, sockets: Iterable[socket.socket], after: float) -> None:
        self.stopped = threading.Event()
        self._sockets = list(sockets)
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._turned = time.monotonic()
        self._next: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        """Say that the loop turns, and again soon."""
        self._turned = time.monotonic()
        self._next = self._loop.call_later(self._after / _BEATS, self.beat)

    def close(self) -> None:
        """Stop the signs of life."""
        if self._next is not None:
            self._next.cancel()
        for one in self._sockets:
            one.close()

    def run(self) -> None:
        """Watch, in a thread."""
        while not self.stopped.wait(max(self._after - self._age(), _GLANCE)):
            # A process that was stopped as a whole has the time of a glance to go on.
            if self._is_blocked() and not self.stopped.wait(_GLANCE) and self._is_blocked():
                _log.warning("%s in:\n%s", self._reason(), self._stack())
                self._stand_in()

    def _age(self) -> float:
        return time.monotonic() - self._turned

    def _is_blocked(self) -> bool:
        return self._age() >= self._after

    def _reason(self) -> str:
        return f"the event loop has not turned for {self._age():.0f} s: it is blocked"

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001 - documented, "for specialized purposes"
        return (
            "".join(traceback.format_stack(frame)[-_LINES:]) if frame is not None else "nothing that can be seen"
        )

    def _stand_in(self) -> None:
        with selectors.DefaultSelector() as selector:
            for one in self._sockets:
                selector.register(one, selectors.EVENT_READ)
            while self._is_blocked() and not self.stopped.is_set():
                for key, _ in selector.select(_GLANCE):
                    with contextlib.suppress(OSError):  # the loop was faster, or whoever asked has left
                        self._answer(key.fileobj)  # type: ignore[arg-type]

    def _answer(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(_PATIENCE)
            question = connection.recv(_MOST)
            body = f"{self._reason()}\n".encode()
            head = (
                "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
            )
            connection.sendall(head.encode() + (b"" if question.startswith(b"HEAD ") else body))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(_MOST)  # closed before the other end has, the answer might be lost
