"""Whom an import has created, from its journal: for what is to be done with them afterwards."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from impactive_async.bulk.journal import Journal


async def created_ids(journal: str | os.PathLike[str]) -> AsyncIterator[str]:
    """Yield the ids of all contacts that imports with this journal have created, in the order of their rows.

    Nothing is held but a few batches, so that any number can be handed on:
    `await crm.sequences.enroll_many(sequence_id, created_ids("people.journal"))`. The journal is locked meanwhile.

    Raises:
        JournalError: There is no such journal, an import is working with it, or it is damaged.
    """
    book = Journal(journal)
    try:
        await book.open(create=False)
        async for contact_id in book.created_ids():
            yield contact_id
    finally:
        await book.aclose()
