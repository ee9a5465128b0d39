"""The source: one resource for each kind, whose cursors stand in dlt's state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

import attrs
import dlt

from impactive_async import AsyncClient, Poll, Profile
from impactive_async._checks import check_listener
from impactive_async.errors import InvalidArgumentError
from impactive_async.sync_source import removals
from impactive_async.sync_source.checks import check_table
from impactive_async.sync_source.listed import ListPlace, ListPolled, gap_id
from impactive_async.sync_source.polling import ListResult, ListWanted, Polling
from impactive_async.sync_source.rows import Loadable, beside, empty, in_table, lists_of_emails, loadable
from impactive_async.sync_source.tables import KINDS, NAME, TABLES, Table
from impactive_async.sync_source.unfinished import rows_of_unfinished_loads

LISTS: Final = "lists"
"""The key of a resource's state: each list's place, by the id of its sequence."""
AT_ONCE: Final = 16
"""Lists of sequences that are polled together, within the client's own limits."""

OnList = Callable[[ListPolled], None]

_log = logging.getLogger("impactive_async.sync")


def source(
    *,
    kinds: Collection[str] = KINDS,
    profile: Profile | None = None,
    make_client: Callable[[], AsyncClient] | None = None,
    history: bool = False,
    on_list: OnList | None = None,
) -> Any:
    """Return a dlt source with one resource for each kind.

    The first run fetches what can be reached beyond a list's first page, as `list_all` does.

    Each table is merged on `id`: amounts are decimals, moments have a zone, and lists and `extra` are JSON. Rows
    that are gone from a list that is shown whole (bookings, sequences, enrollments) keep their last values and
    have the moment in `_removed_at`. An email that several sequences' lists show is one row; the table
    `emails_of_sequences` has a row for each of the lists.

    `_gaps` tells where rows may be missing, because a list shows 100 or 500 rows at most, `_unreadable` has what
    could not be read or stored, and `_coverage` says of each list up to when it is complete. `run` writes it.

    A list that the server refuses or fails on does not stop the others: a warning is logged, `_coverage` has the
    error, and the next run tries again.

    Args:
        kinds: Some of `KINDS`.
        profile: What is known of the service. Not with `make_client`.
        make_client: Makes the client of each resource. Default: one that reads key and URL from the environment.
        history: Keep all versions of a row that were seen, each with `_dlt_valid_from` and `_dlt_valid_to`, which
            is null of the present one. Emails do not change and have no history.
        on_list: Called for each list that was polled, before its rows are loaded, in dlt's thread.

    Raises:
        InvalidArgumentError: There is no such kind, or none is named, or `profile` and `make_client` are both
            given; or `on_list` is `async`.
    """
    _check(kinds, profile, make_client)
    check_listener(on_list or _ignore, "on_list")
    make = make_client or (lambda: AsyncClient(profile=profile))
    jobs = [_Job(TABLES[kind], make, history, on_list or _ignore) for kind in dict.fromkeys(kinds)]
    return dlt.source(lambda: [job.resource() for job in jobs], name=NAME)()


def _check(kinds: Collection[str], profile: Profile | None, make_client: object) -> None:
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(KINDS):
        raise InvalidArgumentError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")
    if profile is not None and make_client is not None:
        raise InvalidArgumentError("give the profile to the client that make_client makes, not to source as well")


def _ignore(_: ListPolled) -> None:
    """Nobody wants to know."""


@attrs.frozen
class _Job:
    """The work on one table."""

    table: Table
    make_client: Callable[[], AsyncClient]
    history: bool
    on_list: OnList

    def resource(self) -> Any:
        """Return dlt's resource."""

        def changes() -> Iterator[Any]:  # dlt marks what it is given, which a method does not let it do
            yield from self._changes()

        return dlt.resource(changes, name=self.table.kind)  # each table has hints of its own: see `in_table`

    @property
    def _has_history(self) -> bool:
        return self.history and self.table.changes

    def _changes(self) -> Iterator[Any]:
        columns = check_table(self.table, history=self._has_history)
        uncertain = rows_of_unfinished_loads(self.table, columns)
        yield from empty(self.table, history=self._has_history)
        state: dict[str, Any] = dlt.current.resource_state()
        places: dict[str, Any] = state.setdefault(LISTS, {})
        with Polling(self.make_client) as polling:
            for some in self._lists(polling, places, uncertain):
                for wanted, result in zip(some, polling.poll(self.table, some), strict=True):
                    yield from self._loaded(places, wanted, result)

    def _lists(
        self, polling: Polling, places: Mapping[str, Any], uncertain: Mapping[str, Collection[str]]
    ) -> Iterator[Sequence[ListWanted]]:
        """Yield the lists to poll, so many at a time. A list that is known is polled until it is gone."""
        if not self.table.of_sequence:
            yield [_wanted(places, None, uncertain)]
            return
        ids = list(dict.fromkeys((*polling.sequence_ids(), *places)))
        for start in range(0, len(ids), AT_ONCE):
            yield [_wanted(places, one, uncertain) for one in ids[start : start + AT_ONCE]]

    def _loaded(self, places: MutableMapping[str, Any], wanted: ListWanted, result: ListResult) -> Iterator[Any]:
        """Yield what dlt is to load of a poll, and write down the new place."""
        key, kind, sequence_id = wanted.sequence_id or "", self.table.kind, wanted.sequence_id
        place = ListPlace.load(places.get(key))
        if result.poll is not None:
            if result.reached is not None:
                place = place.reached(result.poll, whole=not result.reached.truncated)
            place, gone = place.looked_for(wanted.uncertain, result.listed)
            yield from self._brought(wanted, result, result.poll, place, gone)
            places[key] = place.after(kind, sequence_id, result.poll).dump()
        elif result.error is not None:
            _log.warning("%s was not synced: %s", result.feed, result.error)
            self.on_list(ListPolled(kind=kind, sequence_id=sequence_id, error=str(result.error)))
            places[key] = place.failed(kind, sequence_id, result.feed, result.error).dump()
        else:
            places.pop(key, None)

    def _brought(
        self, wanted: ListWanted, result: ListResult, poll: Poll[Any], place: ListPlace, lost: Iterable[str]
    ) -> Iterator[Any]:
        fetched = (*(result.reached or ()), *(result.listed or ()))
        loaded = loadable(self.table, result.feed, wanted.sequence_id, poll, fetched)
        ids = list(dict.fromkeys([*(one.id for one in poll.removed), *lost]))
        gone = removals.rows(self.table, ids, poll, history=self._has_history)
        yield self._rows([*loaded.rows, *gone])
        if self.table.shows_emails:
            yield lists_of_emails(self.table, loaded)
        yield from beside(loaded, [gap for gap in poll.gaps if gap_id(gap) != place.closed])
        self.on_list(self._told(wanted, poll, loaded, removed=len(gone), gaps=len(place.gaps_of(poll))))

    def _rows(self, rows: Sequence[dict[str, Any]]) -> Any:
        return in_table(self.table.kind, rows, self.table.types(), history=self._has_history)

    def _told(
        self, wanted: ListWanted, poll: Poll[Any], loaded: Loadable, *, removed: int, gaps: int
    ) -> ListPolled:
        coverage = poll.coverage
        return ListPolled(
            kind=self.table.kind,
            sequence_id=wanted.sequence_id,
            rows=len(loaded.rows),
            removed=removed,
            unreadable=len(loaded.bad),
            gaps=gaps,
            complete_until=None if coverage is None else coverage.complete_until,
        )


def _wanted(
    places: Mapping[str, Any], sequence_id: str | None, uncertain: Mapping[str, Collection[str]]
) -> ListWanted:
    key = sequence_id or ""
    place = ListPlace.load(places.get(key))
    return ListWanted(sequence_id, place.cursor, place.gathered, {*uncertain.get(key, ()), *place.absent})
