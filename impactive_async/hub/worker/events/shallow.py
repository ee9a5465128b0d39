"""Cut deeply nested JSON off, so that every reader of events can parse it.

Parsers bound the nesting that they read: ours at 1,024 levels, others at 128. Our writer's bound is lower than our
reader's. Without the cut, one row nested beyond these bounds would stop its feed, or every consumer, for ever.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import attrs

from impactive_async.feeds.cursor.quarantine import flattened

DEEPEST: Final = 100
"""How many levels of a value an event keeps."""


def shallow(value: Any, levels: int = DEEPEST) -> Any:
    """Return a JSON value in which a text with a digest stands for whatever lies deeper than `levels`."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return f"nested too deeply for an event; digest {_digest(value)}"
    if isinstance(value, dict):
        return {key: shallow(item, levels - 1) for key, item in value.items()}
    return [shallow(item, levels - 1) for item in value]


def shallow_row(row: Any) -> Any:
    """Return a row whose unknown fields are cut off so, also in the rows that it contains."""
    parts = {field.name: getattr(row, field.name) for field in attrs.fields(type(row))}
    changes = {name: shallow_row(part) for name, part in parts.items() if attrs.has(type(part))}
    if parts["extra"]:
        changes["extra"] = shallow(dict(parts["extra"]))
    return attrs.evolve(row, **changes) if changes else row


def _digest(value: Any) -> str:
    return blake2b(" ".join(flattened(value)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
