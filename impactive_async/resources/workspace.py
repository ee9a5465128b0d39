"""Everything a workspace has to watch, as `crm.watch` needs it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal, get_args

from impactive_async._http.caller import Caller
from impactive_async.feeds.source import Source, check_overlap
from impactive_async.feeds.topics import Catalogue, Topic
from impactive_async.models import Company, Contact, Deal, Invoice, Project
from impactive_async.resources import sequences, zapier
from impactive_async.resources._base import pages
from impactive_async.resources.bookings import bookings_source
from impactive_async.resources.emails import replies_source, sends_source
from impactive_async.resources.enrollments import enrollments_source
from impactive_async.resources.zapier import zapier_source

Kind = Literal[
    "enrollments", "sends", "replies", "companies", "contacts", "deals", "invoices", "projects", "bookings"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_OF_SEQUENCES: dict[str, Callable[[Caller, str], Source[Any]]] = {
    "enrollments": enrollments_source,
    "sends": sends_source,
    "replies": replies_source,
}

_OF_WORKSPACE: dict[str, Callable[[Caller], Source[Any]]] = {
    "companies": lambda caller: zapier_source(caller, zapier.COMPANIES, Company),
    "contacts": lambda caller: zapier_source(caller, zapier.CONTACTS, Contact),
    "deals": lambda caller: zapier_source(caller, zapier.DEALS, Deal),
    "invoices": lambda caller: zapier_source(caller, zapier.INVOICES, Invoice),
    "projects": lambda caller: zapier_source(caller, zapier.PROJECTS, Project),
    "bookings": bookings_source,
}


def catalogue(caller: Caller, kinds: Collection[str] | None, overlap: float | None) -> Catalogue:
    """Return what `kinds` (`None`: all) mean in terms of lists.

    Raises:
        ValueError: There is no such kind, or none at all was asked for, or the overlap is out of range.
    """
    check_overlap(overlap)
    chosen = KINDS if kinds is None else tuple(dict.fromkeys(kinds))
    unknown = [kind for kind in chosen if kind not in KINDS]
    if isinstance(kinds, str) or unknown or not chosen:
        raise ValueError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")

    def source(topic: Topic) -> Source[Any]:
        if topic.sequence_id is None:
            return _OF_WORKSPACE[topic.kind](caller).with_overlap(overlap)
        return _OF_SEQUENCES[topic.kind](caller, topic.sequence_id).with_overlap(overlap)

    list_page = pages(caller, sequences.LIST)
    return Catalogue(
        source=source,
        topics=[Topic(kind) for kind in chosen if kind in _OF_WORKSPACE],
        per_sequence=[kind for kind in chosen if kind in _OF_SEQUENCES],
        sequences=lambda: list_page(None),
    )
