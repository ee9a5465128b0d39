"""One run of a command: its options, its client, its output, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from impactive_async import AsyncClient, ConfigurationError
from impactive_async.cli.kit.ending.loop import command_loop
from impactive_async.cli.kit.ending.signals import Signals
from impactive_async.cli.kit.errors import INTERRUPTED, READER_GONE, TERMINATED, UNWRITTEN, report
from impactive_async.cli.kit.show import Format, Output, name_of, sentence_of
from impactive_async.cli.kit.streams import OutputError, ReaderGone, flush_out, is_watched, out_pipe, write_err

_STOPPED = "Stopped."
_WRITE_STOPPED = "Stopped; the write may or may not have been carried out: look before you repeat it."

SUMMARY: Final = (
    "work",
    "rows",
    "contacts",
    "created",
    "already_created",
    "updated",
    "existing",
    "duplicate",
    "handed_over",
    "enrolled",
    "already_enrolled",
    "skipped",
    "unaccounted",
    "failed",
    "unknown",
    "left_out",
    "not_sent",
)
"""The keys of a summary for programs, whatever the work was."""


@attrs.frozen(kw_only=True)
class Options:
    """The values of the shared options."""

    json: str | None = None
    """Fields, by commas; empty: all of them."""
    csv: str | None = None
    """The same, for CSV."""
    table: bool = False
    base_url: str | None = None
    timeout: float = 30.0
    max_retries: int = 4
    debug: bool = False

    def output(self) -> Output:
        """Return the output that these options choose."""
        fields = tuple(filter(None, (self.json or self.csv or "").split(",")))
        chosen: Format | None = "table" if self.table else None
        if self.json is not None or self.csv is not None:
            chosen = "json" if self.json is not None else "csv"
        return Output(chosen, fields or None)


@attrs.define(kw_only=True)
class Run:
    """What a command works with.

    Attributes:
        options: The values of the shared options.
        out: Writes rows and notes.
        writes: Whether the command changes the workspace. If so, output that cannot be written does not stop it.
        signals: What Ctrl-C and SIGTERM do.
        stop_message: The message after Ctrl-C. A command that keeps cursors or a journal names the file here.
    """

    options: Options
    out: Output
    writes: bool = False
    signals: Signals = attrs.field(factory=Signals)
    stop_message: str = _STOPPED
    _unwritten: list[str] = attrs.field(init=False, factory=list)
    _output_error: OutputError | None = attrs.field(init=False, default=None)
    _crm: AsyncClient | None = None
    _code: int = attrs.field(init=False, default=0)

    @property
    def code(self) -> int:
        """The exit code of a run that raises nothing: a signal's, if one came, else the command's."""
        return self.signals.code or self._code

    @code.setter
    def code(self, code: int) -> None:
        self._code = code

    def stopped_as_asked(self) -> bool:
        """Count a SIGTERM as a success, as a supervisor does; return whether one came."""
        if self.signals.code != TERMINATED:
            return False
        self.signals.code = 0
        return True

    @property
    def crm(self) -> AsyncClient:
        """The client, which is made on first use.

        Raises:
            ConfigurationError: The key is missing or ill-formed, or the base URL is not accepted.
        """
        if self._crm is None:
            self._crm = self.new_client()
        return self._crm

    def new_client(self) -> AsyncClient:
        """Make a client for another event loop; whoever asks for it closes it.

        Raises:
            ConfigurationError: See `crm`.
        """
        return _client(self.options)

    def show(self, rows: Iterable[Any]) -> None:
        """Write rows: a table for people, JSON or CSV for programs."""
        listed = list(rows)
        self._write(lambda: self.out.rows(listed), ", ".join(map(name_of, listed)))

    def summary(self, work: str, counts: Mapping[str, int]) -> None:
        """Write the result of bulk work: a sentence for people, an object for programs."""
        sentence = sentence_of(counts)
        if self.out.for_programs:
            row = {**dict.fromkeys(SUMMARY), "work": work, **counts}
            self._write(lambda: self.out.row(row), f"{work}: {sentence}")
        else:
            self._write(lambda: self.out.text(sentence), f"{work}: {sentence}")

    def note(self, text: str) -> None:
        """Write a line to stderr, for people."""
        self.out.note(text)

    async def live(self, body: Awaitable[None]) -> None:
        """Run the command with signals handled, and close the client afterwards."""
        with self.signals.handled():
            try:
                await body
            finally:
                if self._crm is not None:
                    await self._crm.aclose()

    @contextlib.contextmanager
    def while_read(self) -> Iterator[None]:
        """End the block as soon as the reader of standard output has gone, also while no row comes.

        So `impactive watch deals | head -1` ends when `head` does, as `tail -f` would.

        Raises:
            ReaderGone: Standard output is a pipe, and its reader has gone.
        """
        task, gone = asyncio.current_task(), asyncio.Event()
        assert task is not None  # noqa: S101 - for type checkers: this runs in one

        def leave() -> None:
            if not gone.is_set():
                gone.set()
                task.cancel()

        with _once_broken(out_pipe(), leave):
            try:
                yield
            except asyncio.CancelledError:
                if not gone.is_set() or self.code:
                    raise
                task.uncancel()
                raise ReaderGone("whoever read the rows has gone") from None

    def stop_politely(self, act: Callable[[], object]) -> None:
        """Have the first Ctrl-C or SIGTERM call `act`. The second one ends the run."""
        self.signals.first = act

    def report_unwritten(self) -> None:
        """Say that a write is done, if its row could not be written to standard output. Set the exit code."""
        if self._output_error is not None:
            made = "; ".join(filter(None, self._unwritten)).rstrip(".")
            write_err(
                f"impactive: {self._output_error}; the write is done, so do not repeat it"
                f"{f': {made}' if made else ''}."
            )
            self.code = self.code or UNWRITTEN.code

    @contextlib.contextmanager
    def before_sending(self) -> Iterator[None]:
        """Mark a block that reads and checks input before anything is sent. A signal ends it at once."""
        with self._at_once("Stopped; nothing was sent."):
            yield

    def _write(self, act: Callable[[], None], what: str) -> None:
        with self._at_once(f"Stopped; this was done: {what}." if self.writes else self.stop_message):
            try:
                act()
                flush_out()
            except OutputError as error:
                if not self.writes:
                    raise
                self._output_error = self._output_error or error
        if self._output_error is not None:
            self._unwritten.append(what)

    @contextlib.contextmanager
    def _at_once(self, stop_message: str) -> Iterator[None]:
        before, self.stop_message = self.stop_message, stop_message
        with self.signals.at_once():
            yield
        self.stop_message = before


def execute(body: Callable[[Run], Awaitable[None]], options: Options, *, writes: bool = False) -> int:
    """Run a command. Return the exit code, however it ends.

    Args:
        body: The command.
        options: The values of the shared options.
        writes: Whether the command changes the workspace. If so, Ctrl-C says that the outcome of a write may be
            unknown, and a row that cannot be written is reported as done.
    """
    stop_message = _WRITE_STOPPED if writes else _STOPPED
    run = Run(options=options, out=options.output(), writes=writes, stop_message=stop_message)
    with _logging(debug=options.debug):
        code = _run_to_end(run, body)
        run.report_unwritten()
    return code or run.code


def _run_to_end(run: Run, body: Callable[[Run], Awaitable[None]]) -> int:
    """Run a command. Return the exit code of what went wrong, or 0."""
    try:
        with asyncio.Runner(loop_factory=command_loop) as runner:
            runner.run(run.live(body(run)))
        flush_out()
    except (KeyboardInterrupt, asyncio.CancelledError):
        write_err(run.stop_message)
        return run.code or INTERRUPTED.code
    except ReaderGone:
        return READER_GONE.code
    except Exception as error:
        return report(error, debug=run.options.debug)
    return 0


@contextlib.contextmanager
def _once_broken(pipe: int | None, act: Callable[[], object]) -> Iterator[None]:
    """Call `act`, perhaps several times, once the reader of this pipe has gone."""
    if pipe is None:
        yield
        return
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(pipe, act)  # all that is ever reported of the end that we write to
    except NotImplementedError:  # a loop of Windows: the next row will tell
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(pipe)


def _client(options: Options) -> AsyncClient:
    if not os.environ.get("IMPACTIVE_API_KEY"):
        raise ConfigurationError(
            "No API key: export IMPACTIVE_API_KEY=icrm_… (Workspace Settings → Integrations → API Keys); "
            "without an account, `impactive sandbox` prints one to try."
        )
    return AsyncClient(base_url=options.base_url, timeout=options.timeout, max_retries=options.max_retries)


@contextlib.contextmanager
def _logging(*, debug: bool) -> Iterator[None]:
    """Write log records to stderr: retries if stderr is a terminal, every request with `debug`."""
    levels = {
        "impactive_async": logging.DEBUG if debug else logging.INFO if is_watched() else logging.WARNING,
        # Its one warning is of a write that Ctrl-C cancelled, which the message after Ctrl-C is about.
        "impactive_async.http": logging.DEBUG if debug else logging.ERROR,
    }
    before = {name: logging.getLogger(name).level for name in levels}
    root, handler = logging.getLogger(), _Stderr()
    _set_levels(levels)
    root.addHandler(handler)  # what asyncio and aiohttp log may quote a server, too
    try:
        yield
    finally:
        root.removeHandler(handler)
        _set_levels(before)


@contextlib.contextmanager
def cut_lists_unlogged() -> Iterator[None]:
    """Keep from the log that a list is cut, for a command that says itself what that means."""
    logger = logging.getLogger("impactive_async.lists")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _set_levels(levels: Mapping[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)  # an assignment would leave what loggers remember of the level


class _Stderr(logging.Handler):
    """Writes log records as lines of stderr, without keys and without control characters."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write_err(f"{record.name}: {record.getMessage()}")
        except Exception:  # a log line must not end a command
            self.handleError(record)
