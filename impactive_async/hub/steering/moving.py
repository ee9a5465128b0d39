"""All cursors of a hub, taken out of it and put into it again, or into another one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from impactive_async.errors import ConfigurationError, CursorError, HubError
from impactive_async.feeds.steering.archive import CursorArchive, Fate, ImportedCursors, fate_of
from impactive_async.feeds.steering.saved import SavedCursor

_AT_ONCE: Final = 200
"""Feeds: a cursor has a few kilobytes, at the most some dozens."""
_TRIES: Final = 20
"""How often a feed is looked at again because a worker has committed in between."""


class Moving(Protocol):
    """Exporting and importing cursors. Events stay where they are."""

    @abstractmethod
    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""

    @abstractmethod
    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        """See `Hub.cursors`."""

    @abstractmethod
    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""

    @abstractmethod
    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""

    @abstractmethod
    async def workspace(self) -> str | None:
        """See `Hub.workspace`."""

    @abstractmethod
    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        """See `Steering.exchange_cursor`."""

    async def export_cursors(self) -> CursorArchive:
        """Return the cursors of all feeds, as of their last commits. Workers may go on meanwhile.

        Raises:
            ConfigurationError: No worker has begun, so that the hub is nobody's.
        """
        workspace = await self.workspace()
        if workspace is None:
            raise ConfigurationError(
                "This hub is no workspace's yet: no worker has begun, and no feed has a cursor."
            )
        return CursorArchive.of(await self._cursors_of(sorted(await self.feeds())), workspace)

    async def import_cursors(
        self, archive: CursorArchive, *, go_ahead: bool = False, dry_run: bool = False
    ) -> ImportedCursors:
        """Put cursors into the hub: feeds that are missing are added, others go on from there.

        A feed whose cursor is replaced is due at once, and a worker that has it is fenced. Rows may come again,
        with the same ids. A hub that is no workspace's yet becomes that of the archive.

        Args:
            archive: From `export_cursors` or `CursorArchive.loads`.
            go_ahead: Whether also those cursors are replaced that have seen less. Rows that were seen in between
                are not delivered by this hub.
            dry_run: Whether nothing is changed.

        Raises:
            CursorError: The archive is of another workspace, of a store, or says of none. Nothing was changed.
            HubError: Workers have committed a feed again and again. Call again: it goes on from there.
        """
        _check(archive, await self.workspace())
        if not dry_run:
            await self.bind(archive.workspace or "")
        there = await self._cursors_of([*archive.cursors])
        fates: dict[str, Fate] = {}
        for feed, cursor in archive.cursors.items():
            fates[feed] = fate_of(cursor, there.get(feed))
            if not dry_run:
                fates[feed] = await self._import(feed, cursor, there.get(feed), go_ahead=go_ahead)
        return ImportedCursors.of(archive.workspace, fates)

    async def _cursors_of(self, feeds: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(feeds), _AT_ONCE):
            found |= await self.cursors(feeds[start : start + _AT_ONCE])
        return found

    async def _import(self, feed: str, cursor: str, there: str | None, *, go_ahead: bool) -> Fate:
        for _ in range(_TRIES):
            fate = fate_of(cursor, there)
            if fate == "same" or (fate == "ahead" and not go_ahead):
                return fate
            if there is None:
                await self.add(feed, cursor)
            elif await self.exchange_cursor(feed, there, cursor):
                return fate
            there = (await self.cursors([feed])).get(feed)
            if fate == "added" and there == cursor:
                return fate
        raise HubError(f"{feed} was committed {_TRIES} times while its cursor was to be replaced. Call again.")


def _check(archive: CursorArchive, workspace: str | None) -> None:
    if archive.workspace is None:
        raise CursorError(
            "This is no export of a hub: it does not say whose cursors these are. Nothing was changed."
        )
    if workspace not in (None, archive.workspace):
        raise CursorError(
            f"The file has the cursors of workspace {archive.workspace}, and the hub is that of {workspace}: rows "
            "would be missed. Nothing was changed; import it into another hub. If it is the same workspace under "
            "a new address, `impactive hub move` the hub that it came from, and export it anew."
        )
    for name, cursor in archive.cursors.items():
        if cursor and SavedCursor.of(cursor).feed != name:
            raise CursorError(
                f"{name} has the cursor of another feed: this is no export of a hub. Nothing was changed."
            )
