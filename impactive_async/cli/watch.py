"""`impactive watch`: new rows as they come, for ever, with the place kept in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from impactive_async.cli._arguments import moment
from impactive_async.cli._errors import UsageError
from impactive_async.cli._run import Run, command
from impactive_async.cli._streams import is_watched

if TYPE_CHECKING:
    from impactive_async import AsyncClient, BadRow, CursorStore, Feed, Gap

app = typer.Typer()


class Kind(StrEnum):
    """What can be watched."""

    REPLIES = "replies"
    SENDS = "sends"
    ENROLLMENTS = "enrollments"
    COMPANIES = "companies"
    CONTACTS = "contacts"
    DEALS = "deals"
    INVOICES = "invoices"
    PROJECTS = "projects"
    BOOKINGS = "bookings"


_OF_A_SEQUENCE = (Kind.REPLIES, Kind.SENDS, Kind.ENROLLMENTS)


@attrs.frozen(kw_only=True)
class Wish:
    """What the user wants to see."""

    kind: Kind | None
    sequence: str | None
    contact: str | None
    everything: bool
    since: str | None

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            UsageError: It does, or something is missing.
        """
        kind, named = self.kind, self.sequence or self.contact
        if kind is None and not self.everything:
            raise UsageError(f"Say what to watch, one of {', '.join(Kind)}; or --all for the whole workspace.")
        if self.everything and named:
            raise UsageError("--all watches every sequence: name one, or all of them.")
        if self.contact and (kind is not Kind.REPLIES or self.sequence):
            raise UsageError("--contact watches one contact's replies: `impactive watch replies --contact ID`.")
        if self.sequence and kind not in _OF_A_SEQUENCE:
            raise UsageError(f"{kind} belong to no sequence: `impactive watch {kind}`.")
        if kind in _OF_A_SEQUENCE and not (named or self.everything):
            raise UsageError(f"Of which sequence? `impactive watch {kind} SEQUENCE`, or --all for every one.")

    @property
    def start(self) -> Any:
        """Where to start, as the SDK wants it."""
        from impactive_async import NOW

        return NOW if self.since == "now" else moment(self.since)


@command(app, "watch", example="impactive watch replies --all --store cursors.db --json | ./handle-replies")
async def watch(
    run: Run,
    kind: Annotated[Kind | None, typer.Argument(help="What to watch.", show_default=False)] = None,
    sequence: Annotated[
        str | None, typer.Argument(metavar="SEQUENCE", help="Of which sequence.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of every sequence, new ones too; without KIND the whole workspace.")
    ] = False,
    contact: Annotated[
        str | None, typer.Option(metavar="ID", help="Replies of one contact.", show_default=False)
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the place here; a later run goes on from it.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="now|MOMENT",
            help="Start here if the store knows no place (default: with all that the API still shows).",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[float, typer.Option(metavar="SECONDS", help="Between polls; busy lists sooner.")] = 300.0,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after so many rows.", show_default=False)
    ] = None,
) -> None:
    """Follow new rows as they come, each once, until Ctrl-C. Rows that the API makes unreachable are reported.

    A row counts as handled once it is written out; with --store, a killed run repeats at most its last second.
    """
    wish = Wish(kind=kind, sequence=sequence, contact=contact, everything=everything, since=since)
    wish.check()
    run.farewell = _farewell(store)
    workspace = await run.crm.zapier.auth_test()  # a wrong key or host ends it now; later ones are waited out
    served = f"{workspace.id} at {run.crm.base_url}"  # a copy elsewhere has the same id, and other rows
    async with _opened(run, wish, _Place(store, served), interval) as stream:
        if is_watched():
            run.note(f"Watching {_named(wish)} in {workspace.name}, at least every {interval:g} s. Ctrl-C stops.")
        await _show(run, stream, count)


async def _show(run: Run, stream: Any, count: int | None) -> None:
    shown = 0
    async for row in stream:
        run.out.row(row)
        shown += 1
        if shown == count:
            stream.ack()
            return


@attrs.frozen
class _Place:
    """A file of cursors, in which each workspace has its own: another's would make a feed pass over rows."""

    file: Path | None
    workspace: str

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[CursorStore | None]:
        from impactive_async import SqliteCursorStore

        if self.file is None:
            yield None
            return
        async with SqliteCursorStore(self.file) as cursors:
            yield _OfOne(cursors, self.workspace)


@attrs.frozen
class _OfOne:
    """The cursors of one workspace in a store of several."""

    _cursors: CursorStore
    _workspace: str

    async def load(self, key: str) -> str | None:
        """See `CursorStore`."""
        return await self._cursors.load(f"{self._workspace}/{key}")

    async def save(self, key: str, cursor: str) -> None:
        """See `CursorStore`."""
        await self._cursors.save(f"{self._workspace}/{key}", cursor)


@asynccontextmanager
async def _opened(run: Run, wish: Wish, place: _Place, interval: float) -> AsyncIterator[Any]:
    crm = run.crm
    async with AsyncExitStack() as stack:
        options: dict[str, Any] = {
            "since": wish.start,
            "store": await stack.enter_async_context(place.opened()),
            "interval": interval,
            "on_gap": lambda gap: run.note(_gap_note(gap)),
            "on_bad_row": lambda bad: run.note(_bad_note(bad)),
        }
        if wish.everything:
            kinds: Any = [wish.kind.value] if wish.kind else None
            yield await stack.enter_async_context(crm.watch(kinds, **options))
        else:
            yield await stack.enter_async_context(_feed(crm, wish, options))


def _feed(crm: AsyncClient, wish: Wish, options: dict[str, Any]) -> Feed[Any]:
    sequences, zapier = crm.sequences, crm.zapier
    if wish.contact:
        return crm.contacts.watch_replies(wish.contact, **_without_moment(options, wish))
    if wish.kind is Kind.BOOKINGS:
        return crm.bookings.watch(**_without_moment(options, wish))
    if wish.sequence:
        follow: dict[Kind | None, Callable[..., Feed[Any]]] = {
            Kind.REPLIES: sequences.watch_replies,
            Kind.SENDS: sequences.watch_sends,
            Kind.ENROLLMENTS: sequences.watch_enrollments,
        }
        return follow[wish.kind](wish.sequence, **options)
    lists: dict[Kind | None, Callable[..., Feed[Any]]] = {
        Kind.COMPANIES: zapier.companies.watch,
        Kind.CONTACTS: zapier.contacts.watch,
        Kind.DEALS: zapier.deals.watch,
        Kind.INVOICES: zapier.invoices.watch,
        Kind.PROJECTS: zapier.projects.watch,
    }
    return lists[wish.kind](**options)


def _without_moment(options: dict[str, Any], wish: Wish) -> dict[str, Any]:
    if wish.since not in (None, "now"):
        raise UsageError(
            f"This list has no dates to start from: --since now, or leave it out, not {wish.since!r}."
        )
    return options


def _named(wish: Wish) -> str:
    if wish.kind is None:
        return "everything"
    where = "of every sequence" if wish.everything and wish.kind in _OF_A_SEQUENCE else None
    return " ".join(filter(None, (str(wish.kind), wish.sequence or wish.contact, where)))


def _farewell(store: Path | None) -> str:
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
