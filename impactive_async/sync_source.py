"""A source for dlt: what changed in the workspace, for each of dlt's destinations. It needs the extra `sync`.

    pipeline = dlt.pipeline("crm", destination="duckdb", dataset_name="workspace")
    run(pipeline, source())

Each list is polled once per run. Its cursor stands in dlt's state, which dlt writes with the rows of the same load
package. The destination's state counts only if its package was loaded whole. So `run` starts from there: after a
run that was killed, the rows come again and are merged on their `id`.

With DuckDB, `dataset_name` must not be the file's name without its suffix: DuckDB could not tell them apart.
"""

from __future__ import annotations

import asyncio
import os
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import attrs
import dlt

from impactive_async import AsyncClient, Gap, Poll, Profile
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Company, Contact, Deal, Invoice, Project

__all__ = ["KINDS", "run", "source"]

# dlt reports its use to its maker unless told otherwise, and reads this when a pipeline is made.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

_ROWS: Final[Mapping[str, type[attrs.AttrsInstance]]] = {
    "companies": Company,
    "contacts": Contact,
    "deals": Deal,
    "invoices": Invoice,
    "projects": Project,
}

KINDS: Final = tuple(_ROWS)
"""The lists that can be synced, each into a table of its name."""

_TYPES: Final[Mapping[Any, str]] = {
    str: "text",
    Decimal: "decimal",
    datetime: "timestamp",
    bool: "bool",
    int: "bigint",
}


def source(
    *,
    kinds: Collection[str] = KINDS,
    profile: Profile | None = None,
    make_client: Callable[[], AsyncClient] | None = None,
) -> Any:
    """Return a dlt source with one resource for each kind.

    Each table is merged on `id`: amounts are decimals, moments have a zone, and lists and `extra` are JSON. The
    table `_gaps` tells where rows may be missing, because a list shows 100 rows at most. The table `_unreadable`
    has the rows that could not be read. Rows deleted in the workspace stay in the tables.

    Importing this module turns dlt's telemetry off, unless `RUNTIME__DLTHUB_TELEMETRY` is `true` already.

    Args:
        kinds: Some of `KINDS`.
        profile: What is known of the service. Not with `make_client`.
        make_client: Makes the client of each poll. Default: one that reads key and URL from the environment.

    Raises:
        InvalidArgumentError: There is no such kind, or none is named, or `profile` and `make_client` are both
            given.
    """
    _check(kinds, profile, make_client)
    make = make_client or (lambda: AsyncClient(profile=profile))
    resources = [_resource(kind, make) for kind in dict.fromkeys(kinds)]
    return dlt.source(lambda: resources, name="impactive")()


def _check(kinds: Collection[str], profile: Profile | None, make_client: object) -> None:
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(KINDS):
        raise InvalidArgumentError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")
    if profile is not None and make_client is not None:
        raise InvalidArgumentError("give the profile to the client that make_client makes, not to source as well")


def run(pipeline: Any, data: Any) -> Any:
    """Run a pipeline from the destination's state, and return dlt's information about the load.

    Local files of earlier runs are discarded: dlt goes on from them, and fails if a kill came between two folders.

    Args:
        pipeline: The pipeline, with a destination that keeps dlt's state, as all databases do.
        data: What `source` returned.

    Raises:
        InvalidArgumentError: The pipeline is told not to restore its state from the destination.
        PipelineStepFailed: dlt's error: a poll or the load failed. The next run starts from the same state.
    """
    if not pipeline.config.restore_from_destination:
        raise InvalidArgumentError("the cursors are restored from the destination: allow restore_from_destination")
    return pipeline.drop().run(data)


def _resource(kind: str, make_client: Callable[[], AsyncClient]) -> Any:
    def changes() -> Iterator[Any]:
        state = dlt.current.resource_state()
        poll = _in_thread(kind, make_client, state.get("cursor"))
        yield from _items(kind, poll)
        state["cursor"] = poll.cursor

    return dlt.resource(
        changes, name=kind, primary_key="id", write_disposition="merge", columns=_columns(_ROWS[kind])
    )


def _in_thread(kind: str, make_client: Callable[[], AsyncClient], cursor: str | None) -> Poll[Any]:
    """Poll a list once. A thread of its own: a notebook's has a running event loop already."""

    async def poll() -> Poll[Any]:
        async with make_client() as crm:
            result: Poll[Any] = await getattr(crm.zapier, kind).watch().poll(cursor)
            return result

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(poll())).result()


def _items(kind: str, poll: Poll[Any]) -> Iterator[Any]:
    # `poll.rows` has the older first, so that of two states of a row the newer one stays.
    newest = {row.id: attrs.asdict(row, recurse=False) for row in poll.rows}
    yield from newest.values()
    for gap in poll.gaps:
        yield _beside("_gaps", _gap(gap), {"after": "timestamp", "before": "timestamp"})
    for bad in poll.bad:
        row = {"id": f"{kind}/{poll.cursor}/{bad.index}", "kind": kind, "reason": bad.reason, "row": bad.row}
        yield _beside("_unreadable", row, {"row": "json"})


def _gap(gap: Gap) -> dict[str, Any]:
    return {"id": f"{gap.feed}/{gap.kind}/{gap.after}/{gap.before}", **attrs.asdict(gap)}


def _beside(table: str, row: dict[str, Any], types: Mapping[str, str]) -> Any:
    """Return a row for another table than the resource's."""
    columns = {name: {"name": name, "data_type": kind, "nullable": True} for name, kind in types.items()}
    hints = dlt.mark.make_hints(table_name=table, write_disposition="merge", primary_key="id", columns=columns)
    return dlt.mark.with_hints(row, hints, create_table_variant=True)


def _columns(row: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """Return dlt's columns of a row, so that also those exist that no row has filled yet."""
    hints = typing.get_type_hints(row)
    return {
        field.name: {"name": field.name, "data_type": _type(hints[field.name]), "nullable": field.name != "id"}
        for field in attrs.fields(row)
    }


def _type(annotation: Any) -> str:
    parts = [part for part in typing.get_args(annotation) if part is not type(None)]
    plain = parts[0] if len(parts) == 1 else annotation
    return _TYPES.get(plain, "json")
