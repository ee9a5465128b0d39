"""A batch as the journal records it, and the line of the file that holds it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from typing import Final

import attrs

from impactive_async._codec.codec import dumps, loads
from impactive_async.bulk.journal.batch import ContactBatch, Remark
from impactive_async.bulk.journal.db import Line
from impactive_async.bulk.journal.fingerprints import SIZE
from impactive_async.bulk.reconcile.evidence import Baseline
from impactive_async.bulk.reconcile.pairing import LostRow

COLUMNS: Final = "first, count, digest, started, intent, ids, unknown, fingerprints, remarks"
"""What `entry_of` reads."""


@attrs.frozen(kw_only=True)
class JournalEntry:
    """A batch as it is recorded."""

    first: int
    count: int
    digest: bytes
    started: int
    ids: tuple[str | None, ...]
    unknown: frozenset[int]
    """Places of rows that may have been created: the lists could not tell."""
    fingerprints: bytes | None = None
    """The fingerprints of all rows; `None` if version 0.1 wrote the entry, which had only a digest of all rows."""
    remarks: tuple[Remark, ...] = ()
    lost_rows: tuple[LostRow, ...] = ()
    """Rows that were sent and have no result."""
    baseline: Baseline | None = None

    def settled(self, index: int) -> bool:
        """Whether the row has a contact, or may have one. Such a row must be the same in each run."""
        return (
            self.ids[index - self.first] is not None
            or index in self.unknown
            or any(row.index == index for row in self.lost_rows)
        )

    def fingerprint(self, index: int) -> bytes | None:
        """Return the fingerprint of one row, if the entry has fingerprints."""
        place = (index - self.first) * SIZE
        return None if self.fingerprints is None else self.fingerprints[place : place + SIZE]

    def last_settled(self, prints: Set[bytes]) -> int:
        """Return the place of the last settled row with one of these fingerprints, or -1.

        Without fingerprints it is the last row: the digest shows whether all rows are those that were sent.
        """
        if self.fingerprints is None:
            return self.first + self.count - 1
        places = reversed(range(self.first, self.first + self.count))
        return next((place for place in places if self.fingerprint(place) in prints and self.settled(place)), -1)


def line_of(entry: JournalEntry, finished: int) -> Line:
    """Return the line of the file that holds an entry with a result."""
    ids, unknown, remarks = _results(entry.ids, entry.unknown, entry.remarks)
    prints = entry.fingerprints
    return (
        entry.first, entry.count, entry.digest, entry.started, finished, None, ids, unknown, prints, remarks
    )  # fmt: skip


def line_of_batch(batch: ContactBatch, finished: int | None = None, intent: bytes | None = None) -> Line:
    """Return the line of the file that holds a batch as far as it has come."""
    places = [failure.index for failure in batch.unknown]
    ids, unknown, remarks = _results(batch.ids, places, batch.remarks())
    prints = batch.fingerprints or None
    return (
        batch.first, batch.count, batch.digest, batch.started, finished, intent, ids, unknown, prints, remarks
    )  # fmt: skip


def _results(
    ids: Sequence[str | None], unknown: Iterable[int], remarks: Sequence[Remark]
) -> tuple[bytes, bytes, bytes]:
    return dumps([contact_id or "" for contact_id in ids]), dumps(sorted(unknown)), dumps(remarks)


def intent_of(batch: ContactBatch) -> bytes:
    """Return the intent of a batch: the baseline in one line, and the bodies."""
    baseline = batch.baseline or Baseline(frozenset(), None)
    moment = None if baseline.server_time is None else baseline.server_time.isoformat()
    return dumps([sorted(baseline.known), moment]) + b"\n" + batch.document


def entry_of(
    row: tuple[int, int, bytes, int, bytes | None, bytes, bytes, bytes | None, bytes | None],
) -> JournalEntry:
    """Return the entry that these columns of a line hold.

    Raises:
        ValueError: The columns contradict each other, or one is not JSON.
        TypeError: One holds JSON of another type.
        KeyError: One lacks a key.
    """
    first, count, digest, started, intent, ids, unknown, fingerprints, remarks = row
    known = tuple(contact_id or None for contact_id in loads(ids))
    if len(known) != count:
        raise ValueError(f"{count} rows with {len(known)} results")
    if fingerprints is not None and len(fingerprints) != count * SIZE:
        raise ValueError(f"{count} rows with {len(fingerprints)} bytes of fingerprints")
    entry = JournalEntry(
        first=first,
        count=count,
        digest=digest,
        started=started,
        ids=known,
        unknown=frozenset(loads(unknown)),
        fingerprints=fingerprints,
        remarks=() if remarks is None else tuple(_remark(remark) for remark in loads(remarks)),
    )
    return entry if intent is None else _with_intent(entry, intent)


def _remark(value: object) -> Remark:
    if not isinstance(value, list):
        raise TypeError(f"a remark is a list, not a {type(value).__name__}")
    index, outcome, reason, contact_id = value
    return int(index), str(outcome), str(reason), contact_id


def _with_intent(entry: JournalEntry, intent: bytes) -> JournalEntry:
    head, _, document = intent.partition(b"\n")
    known, moment = loads(head)
    rows = zip(itertools.count(entry.first), loads(document), entry.ids, strict=False)
    return attrs.evolve(
        entry,
        baseline=Baseline(frozenset(known), None if moment is None else datetime.fromisoformat(moment)),
        lost_rows=tuple(
            LostRow(index, body, entry.first)
            for index, body, contact_id in rows
            if body is not None and contact_id is None and index not in entry.unknown
        ),
    )
