"""The contacts that an import has created, from its journal."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from impactive_async.bulk.journal.recorded import open_journal


async def created_ids(journal: str | os.PathLike[str]) -> AsyncIterator[str]:
    """Yield the ids of all contacts that imports with this journal have created, in the order of their rows.

    Only a few batches are in memory at a time, so that there may be any number of contacts:
    `await crm.sequences.enroll_many(sequence_id, created_ids("people.journal"))`. The journal is locked meanwhile.

    Raises:
        JournalError: There is no such journal, an import is working with it, or it is damaged.
    """
    async with open_journal(journal) as opened:
        async for entry in opened.entries():
            for contact_id in entry.ids:
                if contact_id is not None:
                    yield contact_id
