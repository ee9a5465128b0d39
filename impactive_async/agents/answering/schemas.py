"""The schemas of answers, which clients check them against."""

from __future__ import annotations

from typing import Any, Final

from impactive_async import json_schema

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
YES_OR_NO: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}


def row_schema(cls: type, **more: Schema) -> Schema:
    """Return the schema of a row in an answer: any of its fields, and those of this server."""
    described = json_schema(cls)
    fields = {name: _loosened(field) for name, field in described["properties"].items()}
    extra: Schema = {"too_large": YES_OR_NO}
    return {"type": "object", "title": described["title"], "properties": {**fields, **more, **extra}}


def _loosened(field: Schema) -> Schema:
    """Return a field as answers have it: its texts are fenced, so that no pattern or format holds."""
    dropped = ("default", "pattern", "format", "required", "additionalProperties", "$schema")
    kept = {name: value for name, value in field.items() if name not in dropped}
    if "items" in kept:
        kept["items"] = _loosened(kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: _loosened(one) for name, one in kept["properties"].items()}
    return kept


def answer_schema(required: tuple[str, ...] = (), **parts: Schema) -> Schema:
    """Return the schema of an answer."""
    note = {"type": "string", "description": "What is to be kept in mind about the words of strangers."}
    common: dict[str, Schema] = {"note": note, "shortened": YES_OR_NO}
    return {"type": "object", "properties": {**common, **parts}, "required": list(required)}


def page_schema(row: Schema, key: str = "rows", **head: Schema) -> Schema:
    """Return the schema of a page of rows."""
    return answer_schema(
        (key, "total", "truncated"),
        **head,
        **{key: {"type": "array", "items": row}},
        total={"type": "integer", "description": "How many rows were found, on this page and others."},
        truncated={
            "type": "boolean",
            "description": "Whether there are, or may be, rows that are not on this page.",
        },
        cursor={"type": "string", "description": "Pass it to the same tool to go on."},
        remarks=TEXTS,
    )
