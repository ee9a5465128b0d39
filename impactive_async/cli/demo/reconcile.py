"""What the sandbox did against what arrived: every number counted, none assumed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import attrs

from impactive_async.sandbox import State

KINDS: Final = ("enrollments", "sends", "replies")


@attrs.frozen(kw_only=True)
class Account:
    """One kind of row: what there was to receive, and what became of it."""

    kind: str
    emitted: int
    received: int
    missing: int
    duplicated: int

    @property
    def balanced(self) -> bool:
        """Whether each row arrived once."""
        return self.missing == 0 and self.duplicated == 0


@attrs.define
class Ledger:
    """What the consumers handled. A consumer that takes over from a killed one begins a new life.

    Attributes:
        repeated: Rows that a later life handled again, because the one before was killed before it could save that
            it had: what at-least-once means. Their keys tell.
        gaps: Stretches that a feed itself reported as perhaps incomplete.
    """

    repeated: int = 0
    gaps: int = 0
    _life: int = 1
    _handled: dict[str, dict[str, int]] = attrs.field(factory=lambda: {kind: {} for kind in KINDS})
    _duplicated: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys(KINDS, 0))

    def begin_new_life(self) -> None:
        """Count from here on as another consumer's work."""
        self._life += 1

    def enter(self, kind: str, key: str) -> bool:
        """Enter a handled row; returns whether it is the first time."""
        before = self._handled[kind].get(key)
        self._handled[kind][key] = self._life
        if before == self._life:
            self._duplicated[kind] += 1
        elif before is not None:
            self.repeated += 1
        return before is None

    def knows(self, kind: str, key: str) -> bool:
        """Whether a row arrived."""
        return key in self._handled[kind]

    def settle(self, emitted: Mapping[str, Collection[str]]) -> list[Account]:
        """Compare with the keys of everything that should have arrived."""
        return [self._account(kind, emitted[kind]) for kind in KINDS]

    def _account(self, kind: str, emitted: Collection[str]) -> Account:
        received = sum(key in self._handled[kind] for key in emitted)
        return Account(
            kind=kind,
            emitted=len(emitted),
            received=received,
            missing=len(emitted) - received,
            duplicated=self._duplicated[kind],
        )


def emitted(state: State, sequence_id: str) -> dict[str, Sequence[str]]:
    """The keys of what the sandbox knows it did.

    Of an enrollment that is its latest version: no poller sees versions that are overwritten between two polls.
    """
    return {
        "enrollments": [f"{row.id} {row.updated_at.isoformat()}" for row in state.enrollments(sequence_id)],
        "sends": [row.id for row in state.sends],
        "replies": [row.id for row in state.replies],
    }
