"""One run of a command: its client, its output, and every way it can end.

    @command(app, "list", example="impactive contacts list --limit 20")
    async def list_contacts(run: Run, limit: ... = 100) -> None:
        run.show(await run.crm.contacts.list(limit=limit))

`command` gives the function to Typer with the shared options added, and makes `run` of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Concatenate, ParamSpec

import attrs
import typer

from impactive_async import AsyncClient, ConfigurationError
from impactive_async.cli import _options
from impactive_async.cli._errors import INTERRUPTED, READER_GONE, UNWRITTEN, report
from impactive_async.cli._options import Options
from impactive_async.cli._show import Output, name_of, sentence_of
from impactive_async.cli._signals import Signals
from impactive_async.cli._streams import OutputError, ReaderGone, complain, flush_out, is_watched

P = ParamSpec("P")

Body = Callable[Concatenate["Run", P], Awaitable[None]]

_STOPPED = "Stopped."
_WRITE_STOPPED = "Stopped; the write may or may not have been carried out: look before you repeat it."


@attrs.define(kw_only=True)
class Run:
    """What a command works with.

    Attributes:
        options: What the user chose on the command line, apart from the command's own arguments.
        out: Where rows and notes go.
        writes: Whether what it shows are writes that are done: then output that cannot be written stops nothing.
        signals: How Ctrl-C and SIGTERM end it.
        farewell: What Ctrl-C says; a command that saves its place says here where.
    """

    options: Options
    out: Output
    writes: bool = False
    signals: Signals = attrs.field(factory=Signals)
    farewell: str = _STOPPED
    _unsaid: list[str] = attrs.field(init=False, factory=list)
    _obstacle: OutputError | None = attrs.field(init=False, default=None)
    _crm: AsyncClient | None = None

    @property
    def code(self) -> int:
        """What a run that raises nothing exits with; a signal sets it."""
        return self.signals.code

    @code.setter
    def code(self, code: int) -> None:
        self.signals.code = code

    @property
    def crm(self) -> AsyncClient:
        """The client, made when it is first asked for.

        Raises:
            ConfigurationError: No key, an ill-formed one, or a base URL that will not do.
        """
        if self._crm is None:
            self._crm = _client(self.options)
        return self._crm

    def show(self, rows: Iterable[Any]) -> None:
        """Put rows out: a table for people, one JSON object a line for programs."""
        listed = list(rows)
        self._put(lambda: self.out.rows(listed), ", ".join(map(name_of, listed)))

    def summary(self, work: str, counts: Mapping[str, int]) -> None:
        """Put out what a piece of work came to: a sentence for people, a JSON object for programs."""
        sentence = sentence_of(counts)
        if self.out.as_json:
            self._put(lambda: self.out.row({"work": work, **counts}), f"{work}: {sentence}")
        else:
            self._put(lambda: self.out.text(sentence), f"{work}: {sentence}")

    def note(self, text: str) -> None:
        """Tell people something beside the rows."""
        self.out.note(text)

    async def live(self, body: Awaitable[None]) -> None:
        """Run the body under the rules of signals, and close the client after it."""
        with self.signals.handled():
            try:
                await body
            finally:
                if self._crm is not None:
                    await self._crm.aclose()

    def stop_politely(self, act: Callable[[], object]) -> None:
        """Let the first Ctrl-C or SIGTERM do this, rather than end the run; the second ends it."""
        self.signals.first = act

    def own_up(self) -> None:
        """Say of a write that is done and could not be shown that it is done; it then has its own exit code."""
        if self._obstacle is not None:
            made = "; ".join(filter(None, self._unsaid)).rstrip(".")
            complain(
                f"impactive: {self._obstacle}; what it was to say is done, so do not repeat it"
                f"{f': {made}' if made else ''}."
            )
            self.code = self.code or UNWRITTEN.code

    @contextlib.contextmanager
    def before_sending(self) -> Iterator[None]:
        """Read and check what is to be sent: a signal ends it where it stands, however long that would take."""
        with self._at_once("Stopped; nothing was sent."):
            yield

    def _put(self, act: Callable[[], None], what: str) -> None:
        with self._at_once(f"Stopped; this was done: {what}." if self.writes else self.farewell):
            try:
                act()
                flush_out()
            except OutputError as obstacle:
                if not self.writes:
                    raise
                self._obstacle = self._obstacle or obstacle
        if self._obstacle is not None:
            self._unsaid.append(what)

    @contextlib.contextmanager
    def _at_once(self, farewell: str) -> Iterator[None]:
        before, self.farewell = self.farewell, farewell
        with self.signals.at_once():
            yield
        self.farewell = before


def command(
    app: typer.Typer, name: str, *, example: str, shared: tuple[str, ...] = _options.ALL, writes: bool = False
) -> Callable[[Body[P]], Callable[..., None]]:
    """Register an async function as a command, with the shared options of these names added to its own.

    Args:
        app: Where it belongs.
        name: What the user types.
        example: Shown by `--help`.
        shared: Which of the shared options make sense for it.
        writes: Whether it changes the workspace. Ctrl-C may then leave a write of unknown outcome, and says so;
            and what it shows is done, whether or not it can be shown.
    """
    farewell = _WRITE_STOPPED if writes else _STOPPED

    def register(body: Body[P]) -> Callable[..., None]:
        @functools.wraps(body)
        def run_it(**arguments: Any) -> None:
            options = Options(**{key: arguments.pop(key) for key in shared})

            async def act(run: Run) -> None:
                await body(run, **arguments)  # type: ignore[call-arg]

            raise typer.Exit(execute(act, options, writes=writes, farewell=farewell))

        own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
        signature = inspect.Signature([*own, *(_options.PARAMETERS[key] for key in shared)])
        run_it.__signature__ = signature  # type: ignore[attr-defined]
        run_it.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
        del run_it.__wrapped__
        app.command(name, epilog=f"Example: {example}")(run_it)
        return run_it

    return register


def execute(
    body: Callable[[Run], Awaitable[None]], options: Options, *, writes: bool = False, farewell: str = _STOPPED
) -> int:
    """Run a command to whatever end; returns the exit code."""
    run = Run(options=options, out=Output(json=options.json), writes=writes, farewell=farewell)
    with _logging(debug=options.debug):
        code = _ended(run, body)
        run.own_up()
    return code or run.code


def _ended(run: Run, body: Callable[[Run], Awaitable[None]]) -> int:
    """Run a command; returns the exit code of what went wrong, else 0."""
    try:
        asyncio.run(run.live(body(run)))
        flush_out()
    except (KeyboardInterrupt, asyncio.CancelledError):
        complain(run.farewell)
        return run.code or INTERRUPTED.code
    except ReaderGone:
        return READER_GONE.code
    except Exception as error:
        return report(error, debug=run.options.debug)
    return 0


def _client(options: Options) -> AsyncClient:
    if not os.environ.get("IMPACTIVE_API_KEY"):
        raise ConfigurationError(
            "No API key: export IMPACTIVE_API_KEY=icrm_… (Workspace Settings → Integrations → API Keys); "
            "without an account, `impactive sandbox` prints one to try."
        )
    return AsyncClient(base_url=options.base_url, timeout=options.timeout, max_retries=options.max_retries)


@contextlib.contextmanager
def _logging(*, debug: bool) -> Iterator[None]:
    """Say on stderr that a call is being repeated, where somebody watches; with `debug`, every request."""
    logger, handler = logging.getLogger("impactive_async"), _Stderr()
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG if debug else logging.INFO if is_watched() else logging.WARNING)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])  # an assignment would leave what loggers remember of the level
        logger.propagate = before[1]


class _Stderr(logging.Handler):
    """Log records as plain lines, through the same filter as errors."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            complain(f"{record.name}: {record.getMessage()}")
        except Exception:  # a log line must not end a command
            self.handleError(record)
