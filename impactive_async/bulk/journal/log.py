"""What an import tells its journal, and asks of it."""

from __future__ import annotations

from collections.abc import Sequence, Set

import attrs

from impactive_async._codec.codec import dumps
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.entries import JournalEntry


@attrs.frozen
class WrittenRows:
    """Rows as a log writes them; one that remembers nothing needs none of it."""

    document: bytes = b""
    """All of them as a JSON array, with `null` for one that is not sent."""
    digest: bytes = b""
    """The digest of the whole input up to their end, where a batch of version 0.1 is to be recognised by it."""
    fingerprints: bytes = b""
    """The fingerprint of each, one behind the other."""


class BatchLog:
    """A log of batches that remembers nothing, for imports without a journal. `Journal` is one that does.

    Attributes:
        end: The place in the input up to which batches are recorded.
    """

    end = 0

    def written(self, bodies: Sequence[Body | None]) -> WrittenRows:
        """Return the next rows of the input as they are sent, with what this log recognises them by.

        Raises:
            ValueError: JSON cannot carry one of them.
        """
        dumps(bodies)
        return WrittenRows()

    async def plan(self, position: int, most: int) -> tuple[JournalEntry | None, int]:
        """Return the entry that begins at this place in the input, if any, and the size of the next batch."""
        return None, most

    async def last_twin(self, prints: Set[bytes], after: int) -> int:
        """Return the place of the last row from `after` on that has one of these fingerprints and was created.

        Rows that may have been created count, too. -1: there is none.
        """
        return -1

    async def begin(self, batch: ContactBatch) -> None:
        """Record the intent to send a batch."""

    def finish(self, batch: ContactBatch) -> None:
        """Record the result of a batch soon. If the process is killed before that, the next run looks for it."""

    async def flush(self) -> None:
        """Wait until everything is recorded."""

    async def distrust(self) -> None:
        """Record that the server changes the values by which contacts are recognised."""
