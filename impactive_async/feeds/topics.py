"""What there is to watch in a workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import attrs

from impactive_async._http.caller import Answer
from impactive_async.feeds.source import Source


@attrs.frozen(weakref_slot=False)
class Topic:
    """Which feed: a kind, and the sequence it belongs to, if any."""

    kind: str
    sequence_id: str | None = None


@attrs.frozen(kw_only=True)
class Catalogue:
    """What a workspace has to watch.

    Attributes:
        source: Makes the source of a topic.
        topics: The topics that are always there.
        per_sequence: The kinds that every sequence has.
        sequences: Fetches the raw list of sequences.
    """

    source: Callable[[Topic], Source[Any]]
    topics: Collection[Topic]
    per_sequence: Collection[str]
    sequences: Callable[[], Awaitable[Answer[Sequence[Any]]]]
