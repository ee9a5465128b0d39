"""What each type of event looks like, as JSON Schema (2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from impactive_async import json_schema
from impactive_async.errors import InvalidArgumentError
from impactive_async.hub.worker.events.rows import TYPES, type_of
from impactive_async.resources.watching.lists import LISTS

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MOMENT: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string"}
_LOSSES: Final[Mapping[str, dict[str, Any]]] = {
    f"{TYPES}feed.gap": {
        "description": "Rows that the API can no longer show: those after one moment and before another.",
        "properties": {
            "feed": _TEXT,
            "kind": {"enum": ["overflow", "lookback", "history"]},
            "after": {"type": ["string", "null"], "format": "date-time"},
            "before": {"type": ["string", "null"], "format": "date-time"},
        },
    },
    f"{TYPES}feed.bad_row": {
        "description": "A row that cannot be read, as it came.",
        "properties": {"feed": _TEXT, "reason": _TEXT, "row": {}},
    },
}


def event_types() -> list[str]:
    """Return every type of event that a hub logs: those of rows, and those of losses."""
    return [*dict.fromkeys(type_of(kind) for kind in LISTS), *_LOSSES]


def event_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of an event, with that of its row under `data`.

    Args:
        name: The event's type, or what stands in it for the row: `deal` for `com.impactiveai.deal.updated`.

    Raises:
        InvalidArgumentError: There is no such type.
    """
    for kind in event_types():
        if name in (kind, kind.removeprefix(TYPES), kind.removeprefix(TYPES).split(".")[0]) or (
            kind in _LOSSES and name == kind.rpartition(".")[2]
        ):
            return _event(kind)
    names = ", ".join(kind.removeprefix(TYPES) for kind in event_types())
    raise InvalidArgumentError(f"there is no type of event {name!r}; there are {names}")


def _event(kind: str) -> dict[str, Any]:
    properties = {
        "specversion": {"const": "1.0"},
        "id": _TEXT | {"description": "The same for the same version of the same row."},
        "source": _TEXT | {"format": "uri-reference", "description": "The workspace."},
        "type": {"const": kind},
        "subject": _TEXT | {"description": "The row, as kind/id; of a loss, the feed."},
        "time": _MOMENT,
        "datacontenttype": {"const": "application/json"},
        "data": _data(kind),
    }
    required = list(properties)
    properties["sequenceids"] = _TEXT | {"description": "The sequence, percent-encoded, of rows of a sequence."}
    return {
        "$schema": _DIALECT,
        "title": kind,
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _data(kind: str) -> dict[str, Any]:
    if kind in _LOSSES:
        loss = _LOSSES[kind]
        return {"type": "object", **loss, "required": list(loss["properties"]), "additionalProperties": False}
    (row, *_) = (LISTS[name].row for name in LISTS if type_of(name) == kind)
    schema = json_schema(row)
    schema.pop("$schema")
    return schema
