"""One sync, in a thread of its own: dlt blocks."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Sequence

import attrs

from impactive_async.cli.kit.errors import UnreachableError, UsageError, sentence
from impactive_async.cli.kit.run import Run, cut_lists_unlogged
from impactive_async.cli.syncing.progress import reading_bar
from impactive_async.errors import AuthenticationError, ImpactiveError
from impactive_async.sync_source import ListPolled, SyncDestination, TableSummary, Tally, run, source

# dlt logs what it raises as well, with the statements that failed, and so with rows.
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")

PIPELINE = "impactive"
_HINT = "The next run goes on from what is whole"


class StoppedError(Exception):
    """The user has stopped the command while lists were polled. Nothing was loaded."""


def prepared(dataset: str | None, target: SyncDestination) -> str:
    """Return the name of the dataset.

    Raises:
        UsageError: It is no lower-case identifier, as which dlt would write it.
    """
    name = target.dataset if dataset is None else dataset
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 50:
        raise UsageError(
            f"--dataset is a name of lower-case letters, digits and single underscores, not {name!r}."
        )
    return name


@attrs.define
class Turn:
    """Syncs, as often as it is told to.

    Attributes:
        run: The command's run.
        target: Where to.
        dataset: The schema there.
        kinds: The tables.
        history: Whether versions are kept.
    """

    run: Run
    target: SyncDestination
    dataset: str
    kinds: Sequence[str]
    history: bool = attrs.field(kw_only=True)
    _stopped: bool = attrs.field(init=False, default=False)

    async def take(self) -> list[TableSummary]:
        """Sync once. Stopped while it polls, it ends soon; while it writes, it finishes that.

        Raises:
            ImpactiveError: See `sync_source.run`.
            UnreachableError: The database has failed.
        """
        work = asyncio.ensure_future(asyncio.to_thread(self._sync))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stopped = True
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # it was stopped: what became of it is known
            raise

    async def take_or_tell(self) -> list[TableSummary] | None:
        """Sync once; `None` if it failed with what may pass, which is told."""
        try:
            return await self.take()
        except AuthenticationError:
            raise
        except (ImpactiveError, UnreachableError) as error:
            self.run.note(f"This sync failed, and the next one goes on from the last: {sentence(error)}")
            return None

    def _sync(self) -> list[TableSummary]:
        import dlt
        from dlt.common.exceptions import DltException

        tally = Tally(self.kinds)
        with (
            tempfile.TemporaryDirectory(prefix="impactive-sync-", ignore_cleanup_errors=True) as folder,
            self.target.open(self.dataset) as database,
            reading_bar(len(self.kinds)) as draw,
            cut_lists_unlogged(),
        ):
            try:
                pipeline = dlt.pipeline(
                    PIPELINE, destination=database, dataset_name=self.dataset, pipelines_dir=folder
                )
                tally.begin(pipeline.drop())
                run(pipeline, self._source(_both(tally.note, draw)))
                return tally.end(pipeline)
            except DltException as error:
                raise _failed(self.target, error) from None

    def _source(self, on_list: Callable[[ListPolled], None]) -> object:
        def note(polled: ListPolled) -> None:
            if self._stopped:
                raise StoppedError
            on_list(polled)

        return source(kinds=self.kinds, make_client=self.run.new_client, history=self.history, on_list=note)


def _both(one: Callable[[ListPolled], None], other: Callable[[ListPolled], None]) -> Callable[[ListPolled], None]:
    def call(polled: ListPolled) -> None:
        one(polled)
        other(polled)

    return call


def _failed(target: SyncDestination, error: BaseException) -> UnreachableError:
    """Return what happened in one line: dlt tells it with the whole path to it, and with statements."""
    while error.__cause__ is not None:
        error = error.__cause__
    told = str(error).strip().splitlines() or [type(error).__name__]
    return UnreachableError(f"{target.shown} could not be written: {told[0].rstrip('.')}. {_HINT}.")
