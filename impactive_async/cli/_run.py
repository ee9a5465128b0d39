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
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Concatenate, ParamSpec

import attrs
import typer

from impactive_async import AsyncClient, ConfigurationError
from impactive_async.cli import _options
from impactive_async.cli._errors import INTERRUPTED, READER_GONE, TERMINATED, ReaderGone, complain, report
from impactive_async.cli._options import Options
from impactive_async.cli._show import Output, sentence_of

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
        code: What a run that raises nothing exits with.
        farewell: What Ctrl-C says; a command that saves its place says here where.
    """

    options: Options
    out: Output
    code: int = 0
    farewell: str = _STOPPED
    _crm: AsyncClient | None = None
    _polite: Callable[[], object] | None = None

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
        self.out.rows(list(rows))

    def summary(self, work: str, counts: Mapping[str, int]) -> None:
        """Put out what a piece of work came to: a sentence for people, a JSON object for programs."""
        if self.out.as_json:
            self.out.row({"work": work, **counts})
        else:
            self.out.text(sentence_of(counts))

    def note(self, text: str) -> None:
        """Tell people something beside the rows."""
        self.out.note(text)

    async def live(self, body: Awaitable[None]) -> None:
        """Run the body under the rules of signals, and close the client after it."""
        with _signals_handled(self):
            try:
                await body
            finally:
                if self._crm is not None:
                    await self._crm.aclose()

    def stop_politely(self, act: Callable[[], object]) -> None:
        """Let the first Ctrl-C or SIGTERM do this, rather than end the run; the second ends it."""
        self._polite = act

    def on_signal(self, code: int, task: asyncio.Task[Any]) -> None:
        """End the run, politely if that was asked for; it will exit with `code`."""
        self.code = code
        polite, self._polite = self._polite, None
        if polite is None:
            task.cancel()
        else:
            polite()


def command(
    app: typer.Typer, name: str, *, example: str, shared: tuple[str, ...] = _options.ALL, writes: bool = False
) -> Callable[[Body[P]], Callable[..., None]]:
    """Register an async function as a command, with the shared options of these names added to its own.

    Args:
        app: Where it belongs.
        name: What the user types.
        example: Shown by `--help`.
        shared: Which of the shared options make sense for it.
        writes: Whether Ctrl-C may leave a write of unknown outcome, which is then what is said.
    """
    farewell = _WRITE_STOPPED if writes else _STOPPED

    def register(body: Body[P]) -> Callable[..., None]:
        @functools.wraps(body)
        def run_it(**arguments: Any) -> None:
            options = Options(**{key: arguments.pop(key) for key in shared})
            raise typer.Exit(execute(lambda run: body(run, **arguments), options, farewell))  # type: ignore[call-arg]

        own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
        signature = inspect.Signature([*own, *(_options.PARAMETERS[key] for key in shared)])
        run_it.__signature__ = signature  # type: ignore[attr-defined]
        run_it.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
        del run_it.__wrapped__
        app.command(name, epilog=f"Example: {example}")(run_it)
        return run_it

    return register


def execute(body: Callable[[Run], Awaitable[None]], options: Options, farewell: str) -> int:
    """Run a command to whatever end; returns the exit code."""
    run = Run(options=options, out=Output(json=options.json), farewell=farewell)
    with _logging(debug=options.debug):
        try:
            asyncio.run(run.live(body(run)))
            run.out.flush()
        except (KeyboardInterrupt, asyncio.CancelledError):
            complain(run.farewell)
            return run.code or INTERRUPTED.code
        except (ReaderGone, BrokenPipeError):
            _hush()
            return READER_GONE.code
        except Exception as error:
            return report(error, debug=options.debug)
        return run.code


def _client(options: Options) -> AsyncClient:
    if not os.environ.get("IMPACTIVE_API_KEY"):
        raise ConfigurationError(
            "No API key: export IMPACTIVE_API_KEY=icrm_… (Workspace Settings → Integrations → API Keys); "
            "without an account, `impactive sandbox` prints one to try."
        )
    return AsyncClient(base_url=options.base_url, timeout=options.timeout, max_retries=options.max_retries)


@contextlib.contextmanager
def _signals_handled(run: Run) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM cancel the task, so that cursors are saved and connections closed."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - for type checkers: this runs in one
    signals = {signal.SIGINT: INTERRUPTED.code, signal.SIGTERM: TERMINATED}
    try:
        for number, code in signals.items():
            loop.add_signal_handler(number, run.on_signal, code, task)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread: asyncio.run's way
        yield
        return
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _logging(*, debug: bool) -> Iterator[None]:
    """Say on stderr that a call is being repeated, where somebody watches; with `debug`, every request."""
    logger, handler = logging.getLogger("impactive_async"), _Stderr()
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG if debug else logging.INFO if sys.stderr.isatty() else logging.WARNING)
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


def _hush() -> None:
    """Keep the interpreter from flushing into the broken pipe once more as it exits."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
