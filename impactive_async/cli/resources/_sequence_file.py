"""A sequence in a file, TOML or JSON, as `impactive sequences create -f` reads it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from impactive_async.cli.kit.errors import UsageError
from impactive_async.models import StepDraft
from impactive_async.rehearsal import SequenceDraft

EXAMPLE: Final = """\
name = "Welcome"

[[steps]]
subject = "Hello"
delay_days = 0
body = \"\"\"
Good to have you here.
\"\"\"

[[steps]]
subject = "How is it going?"
delay_days = 3
body = "Reply to this mail if you are stuck."
"""


def read_sequence_file(path: Path, text: str) -> SequenceDraft:
    """Read a sequence.

    Args:
        path: The path of the file. `.json` is read as JSON, anything else as TOML.
        text: The text of the file.

    Raises:
        UsageError: The text is neither, or a field is missing, misspelt or of a wrong type. The message names it.
    """
    return _sequence(_parsed(path, text), str(path))


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text) if path.suffix == ".json" or text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:  # both decoders' errors are
        hint = " YAML is not read: write TOML or JSON." if path.suffix in (".yaml", ".yml") else ""
        raise UsageError(f"{path} is neither TOML nor JSON: {error}.{hint}") from None


def _sequence(raw: Any, where: str) -> SequenceDraft:
    fields = _fields(raw, _types(SequenceDraft), where, required=("name",))
    steps = fields.pop("steps", ())
    return SequenceDraft(
        **fields, steps=tuple(_step(step, f"{where}, step {number}") for number, step in enumerate(steps, 1))
    )


def _step(raw: Any, where: str) -> StepDraft:
    return StepDraft(**_fields(raw, _types(StepDraft), where, required=("subject", "body")))


def _types(cls: type) -> dict[str, type | tuple[type, ...]]:
    special: dict[str, type] = {"delay_days": int, "steps": list, "extra": dict}
    return {field.name: special.get(field.name, str) for field in attrs.fields(cls)}


def _fields(
    raw: Any, types: Mapping[str, type | tuple[type, ...]], where: str, *, required: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: expected a table of fields.")
    fields = {_snake(key): value for key, value in raw.items() if value is not None}
    for name, value in fields.items():
        if name not in types:
            raise UsageError(f"{where}: {name!r} is not a field; there are {', '.join(types)}.")
        if not isinstance(value, types[name]) or isinstance(value, bool):
            raise UsageError(f"{where}: {name} has the wrong type, {type(value).__name__}.")
    for name in required:
        if name not in fields:
            raise UsageError(f"{where}: {name} is missing.")
    return fields


def _snake(key: str) -> str:
    """Return the Python name of a field: `delayDays`, as the API writes it, is `delay_days`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
