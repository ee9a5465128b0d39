"""The schemas of answers, which clients check them against."""

from __future__ import annotations

from typing import Any, Final

from impactive_async import json_schema

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
YES_OR_NO: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}


def row_schema(*classes: type, **more: Schema) -> Schema:
    """Return the schema of a row of one of these classes in an answer: any of its fields, and some of ours.

    It is short, because models read it: a field that two classes have with different types may be anything.
    """
    fields: dict[str, Schema] = {}
    for cls in classes:
        for name, field in json_schema(cls)["properties"].items():
            short = _short(field)
            fields[name] = short if fields.get(name, short) == short else {}
    return {"type": "object", "properties": {**fields, **more, "too_large": YES_OR_NO}}


def _short(field: Schema) -> Schema:
    """Return the type of a field. Its texts are fenced in answers, so that no pattern or format holds."""
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    shown = [kind for kind in kinds if kind != "null"]
    return {"type": shown[0] if len(shown) == 1 else shown}


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
