"""The people who are in the workspace already, as far as its lists show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from impactive_async.cli.importing.people.address import same_address
from impactive_async.cli.importing.planning.keys import key_of

if TYPE_CHECKING:
    from impactive_async import AsyncClient

_NEWEST = 500


@attrs.frozen
class ListedPeople:
    """Whom the lists show."""

    ids: dict[int, str]
    """The contact of each address, by its key."""
    shown: int
    """How many people the lists show."""

    def __len__(self) -> int:
        return len(self.ids)


async def list_people(crm: AsyncClient) -> ListedPeople:
    """Ask for the newest people, and for those changed last: no list shows more."""
    newest = await crm.contacts.list(limit=_NEWEST)
    changed = await crm.zapier.contacts.list()
    rows = {row.id: row for row in (*newest, *changed)}
    ids = {key_of(same_address(row.email)): row.id for row in rows.values() if row.email}
    return ListedPeople(ids, len(rows))
