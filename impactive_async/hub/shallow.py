"""JSON of any depth as JSON that every reader of events can take.

Parsers bound the nesting they read: ours at 1,024 levels, others at 128, and what writes JSON here gives up before
what reads it. One row nested beyond that would stop its feed, or whoever reads the log, for ever.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import attrs

from impactive_async.feeds.quarantine import flattened

DEEPEST: Final = 100
"""Levels that an event keeps of a value."""


def shallow(value: Any, levels: int = DEEPEST) -> Any:
    """A JSON value with a text for what lies deeper than so many levels; another text for another value."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return f"nested too deeply for an event; digest {_digest(value)}"
    if isinstance(value, dict):
        return {key: shallow(item, levels - 1) for key, item in value.items()}
    return [shallow(item, levels - 1) for item in value]


def shallow_row(row: Any) -> Any:
    """A row of the API whose unknown fields are so, those of the rows in it as well."""
    parts = {field.name: getattr(row, field.name) for field in attrs.fields(type(row))}
    changes = {name: shallow_row(part) for name, part in parts.items() if attrs.has(type(part))}
    if parts["extra"]:
        changes["extra"] = shallow(dict(parts["extra"]))
    return attrs.evolve(row, **changes) if changes else row


def _digest(value: Any) -> str:
    return blake2b(" ".join(flattened(value)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
