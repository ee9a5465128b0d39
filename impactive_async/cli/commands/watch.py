"""`impactive watch`: follow new rows, and keep the cursors in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from impactive_async.cli.kit.arguments import moment
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import argument, distinct_option, ignore_option, option
from impactive_async.cli.kit.streams import is_watched
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    from impactive_async import AsyncClient, BadRow, CursorStore, Feed, Gap
    from impactive_async.cli.kit.run import Run


class WatchRequest(NamedTuple):
    """What the user asks to follow, as given on the command line."""

    kind: str | None
    sequence: str | None
    contact: str | None
    everything: bool
    since: str | None
    distinct: bool = True
    ignore: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse arguments that contradict each other.

        Raises:
            UsageError: They do, or one is missing. The message says what would be accepted.
        """
        kind, named = self.kind, self.sequence or self.contact
        if kind is None and not self.everything:
            raise UsageError(f"Say what to watch, one of {', '.join(KINDS)}; or --all for the whole workspace.")
        if self.everything and named:
            raise UsageError("--all watches every sequence: name one, or all of them.")
        if self.contact and (kind != "replies" or self.sequence):
            raise UsageError("--contact watches one contact's replies: `impactive watch replies --contact ID`.")
        if self.sequence and not self.is_of_sequence:
            raise UsageError(f"{kind} belong to no sequence: `impactive watch {kind}`.")
        if self.is_of_sequence and not (named or self.everything):
            raise UsageError(f"Of which sequence? `impactive watch {kind} SEQUENCE`, or --all for every one.")
        if not self.distinct and not self.everything:
            raise UsageError("--no-distinct is about --all: one list shows an email once.")
        if self.ignore and not self._is_compared_by_content:
            raise UsageError(
                f"--ignore is for bookings, for --contact and for --all: {kind} say when they changed."
            )

    @property
    def _is_compared_by_content(self) -> bool:
        """Whether rows of a list that is followed may be told from their older versions by their fields alone."""
        from impactive_async.resources.watching.lists import LISTS

        return self.everything or bool(self.contact) or (self.kind is not None and LISTS[self.kind].rules is None)

    @property
    def is_of_sequence(self) -> bool:
        """Whether each sequence has a list of this kind."""
        from impactive_async.resources.watching.lists import LISTS

        return self.kind is not None and LISTS[self.kind].of_sequence

    @property
    def start(self) -> Any:
        """The `since` of the SDK's `watch` methods."""
        from impactive_async import NOW

        return NOW if self.since == "now" else moment(self.since)


@command("watch", example="impactive watch replies --all --store cursors.db --json | ./handle-replies")
@argument(
    "kind",
    type=click.Choice(KINDS),
    required=False,
    metavar="[KIND]",
    help=f"What to watch: {', '.join(KINDS)}.",
)
@argument("sequence", required=False, metavar="[SEQUENCE]", help="Of which sequence.")
@option(
    "--all", "everything", is_flag=True, help="Of every sequence, new ones too; without KIND the whole workspace."
)
@option("--contact", metavar="ID", help="Replies of one contact.")
@option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the place here; a later run goes on from it.",
)
@option(
    "--since",
    metavar="now|MOMENT",
    help="Start here if the store knows no place (default: with all that the API still shows).",
)
@option("--interval", type=float, default=300.0, metavar="SECONDS", help="Between polls; busy lists sooner.")
@distinct_option
@ignore_option
@option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after so many rows.")
async def watch(
    run: Run,
    kind: str | None,
    sequence: str | None,
    everything: bool,
    contact: str | None,
    store: Path | None,
    since: str | None,
    interval: float,
    distinct: bool,
    ignore: tuple[str, ...],
    count: int | None,
) -> None:
    """Follow new rows as they come, each once, until Ctrl-C. Rows that the API makes unreachable are reported.

    A row counts as handled once it is written out; with --store, a killed run repeats at most its last second.
    """
    request = WatchRequest(kind, sequence, contact, everything, since, distinct, ignore)
    request.check()
    run.out.expect(_rows_of(request))
    run.stop_message = _stop_message(store)
    workspace = await run.crm.zapier.auth_test()  # a wrong key or host ends it now; later ones are waited out
    served = f"{workspace.id} at {run.crm.base_url}"  # a copy elsewhere has the same id, and other rows
    async with _opened(run, request, CursorFile(store, served), interval) as stream:
        if is_watched():
            run.note(
                f"Watching {_named(request)} in {workspace.name}, at least every {interval:g} s. Ctrl-C stops."
            )
        with run.while_read():
            await _show(run, stream, count)


def _rows_of(request: WatchRequest) -> type:
    from impactive_async import Event
    from impactive_async.resources.watching.lists import LISTS

    event: Any = Event
    return event if request.everything or request.kind is None else LISTS[request.kind].row


async def _show(run: Run, stream: Any, count: int | None) -> None:
    shown = 0
    async for row in stream:
        run.out.row(row)
        shown += 1
        if shown == count:
            stream.ack()
            return


class CursorFile(NamedTuple):
    """A file of cursors in which each workspace has its own.

    With the cursors of another workspace a feed would skip rows.
    """

    file: Path | None
    workspace: str

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[CursorStore | None]:
        """Open the file in the block; yields the cursors of this workspace, or `None` if there is no file."""
        from impactive_async import SqliteCursorStore

        if self.file is None:
            yield None
            return
        async with SqliteCursorStore(self.file) as cursors:
            yield WorkspaceCursors(cursors, self.workspace)


class WorkspaceCursors(NamedTuple):
    """The cursors of one workspace, in a store that holds several."""

    cursors: CursorStore
    workspace: str

    async def load(self, key: str) -> Any:  # whatever form of JSON the store keeps it in
        """See `CursorStore`."""
        return await self.cursors.load(f"{self.workspace}/{key}")

    async def save(self, key: str, cursor: str) -> None:
        """See `CursorStore`."""
        await self.cursors.save(f"{self.workspace}/{key}", cursor)


@asynccontextmanager
async def _opened(run: Run, request: WatchRequest, place: CursorFile, interval: float) -> AsyncIterator[Any]:
    crm = run.crm
    async with AsyncExitStack() as stack:
        options: dict[str, Any] = {
            "since": request.start,
            "store": await stack.enter_async_context(place.opened()),
            "interval": interval,
            "on_gap": lambda gap: run.note(_gap_note(gap)),
            "on_bad_row": lambda bad: run.note(_bad_note(bad)),
        }
        if request.ignore:
            options["ignore"] = request.ignore
        if request.everything:
            kinds: Any = [request.kind] if request.kind else None
            yield await stack.enter_async_context(crm.watch(kinds, distinct=request.distinct, **options))
        else:
            yield await stack.enter_async_context(_feed(crm, request, options))


def _feed(crm: AsyncClient, request: WatchRequest, options: dict[str, Any]) -> Feed[Any]:
    from impactive_async.resources.watching.lists import LISTS, watch_method

    if request.contact:
        return crm.contacts.watch_replies(request.contact, **_without_moment(options, request))
    assert request.kind  # noqa: S101 - `WatchRequest.check` has refused the others
    if LISTS[request.kind].rules is None:
        _without_moment(options, request)
    return watch_method(crm, request.kind)(*filter(None, (request.sequence,)), **options)


def _without_moment(options: dict[str, Any], request: WatchRequest) -> dict[str, Any]:
    if request.since not in (None, "now"):
        raise UsageError(
            f"This list has no dates to start from: --since now, or leave it out, not {request.since!r}."
        )
    return options


def _named(request: WatchRequest) -> str:
    if request.kind is None:
        return "everything"
    where = "of every sequence" if request.everything and request.is_of_sequence else None
    return " ".join(filter(None, (request.kind, request.sequence or request.contact, where)))


def _stop_message(store: Path | None) -> str:
    if store is None:
        return "Stopped. Without --store the next run starts over."
    return f"Stopped; the place is saved in {store}: the same command goes on from there."


def _gap_note(gap: Gap) -> str:
    after, before = (f"{when:%Y-%m-%d %H:%M:%SZ}" if when else "…" for when in (gap.after, gap.before))
    if gap.kind == "history":
        return f"{gap.feed}: what is older than {before} the API no longer shows."
    return f"{gap.feed}: GAP ({gap.kind}): rows from {after} to {before} may be missing; poll more often."


def _bad_note(bad: BadRow) -> str:
    return f"A row cannot be read and is passed over: {bad.reason}: {bad.row!r}"
