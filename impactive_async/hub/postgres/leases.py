"""Several feeds of a PostgreSQL hub claimed or committed in one round trip and one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.versions import VERSION
from impactive_async.hub.postgres.steering import PostgresFunctions


class Commit(NamedTuple):
    """What one commit brings."""

    feed: str
    token: int
    began: str
    cursor: str
    again_in: float
    gaps: int
    ids: list[str]
    events: list[str]


def feed_of(commit: Commit) -> str:
    """Return the feed of a commit."""
    return commit.feed


def weight(commit: Commit) -> int:
    """Return how many events it brings; one at least."""
    return len(commit.ids) or 1


class PostgresLeases(PostgresFunctions):
    """Calls the functions that lease and commit several feeds."""

    async def _claim_some(self, leases: Sequence[float]) -> list[Claim | None]:
        claims = [
            Claim(feed=feed, cursor=cursor, token=token, failures=failures, lease=lease)
            for feed, cursor, token, failures, lease in await self._call("claim_some($1, $2)", VERSION, leases)
        ]
        return _for_each(leases, claims)

    async def _commit_some(self, commits: Sequence[Commit]) -> list[bool]:
        columns = [[one[field] for one in commits] for field in range(6)]
        owners = [place for place, one in enumerate(commits, 1) for _ in one.ids]
        ids = [one for commit in commits for one in commit.ids]
        events = [one for commit in commits for one in commit.events]
        function = "commit_some($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        return [held is not None for held in await self._value(function, *columns, owners, ids, events)]


def _for_each(leases: Sequence[float], claims: Sequence[Claim]) -> list[Claim | None]:
    """Return a claim of each lease while there are some."""
    left = list(claims)
    found: list[Claim | None] = []
    for lease in leases:
        mine = next((one for one in left if one.lease == lease), None)
        if mine is not None:
            left.remove(mine)
        found.append(mine)
    return found
