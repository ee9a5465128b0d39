"""From what was learnt to a profile: settings that operations share go to `*`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from impactive_async.cli.doctor.examination import Examination
from impactive_async.profile import Profile

_SHARED: Final = (
    "row", "list", "answer", "counts", "money", "addresses", "time_style", "time_precision", "time_zone",
    "time_offset", "update_verb",
)  # fmt: skip
"""What is probably the same wherever it was not seen. Caps, orders and operators are not."""
_ERRORS: Final = ("invalid", "unauthorized", "not_found", "no_route", "no_method")


def profile_of(examination: Examination) -> Profile:
    """Return the profile of what was seen."""
    return Profile(
        about="Written by impactive doctor.",
        ids=_ids(examination.ids),
        stored_precision=examination.stored,
        operations=_folded(examination.operations),
        errors=_errors(examination.errors),
        options=None if examination.options_status is None else {"status": examination.options_status},
    )


def _ids(seen: Mapping[str, set[str]]) -> dict[str, str]:
    kinds = {noun: "number" if kinds == {"number"} else "text" for noun, kinds in seen.items()}
    usual = Counter(kinds.values()).most_common(1)
    if not usual:
        return {}
    common = usual[0][0]
    return {"*": common, **{noun: kind for noun, kind in sorted(kinds.items()) if kind != common}}


def _folded(operations: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Move to `*` what most operations share, and keep the exceptions where they are."""
    folded = {name: dict(settings) for name, settings in operations.items()}
    common = folded.setdefault("*", {})
    for key in _SHARED:
        values = [settings[key] for name, settings in folded.items() if name != "*" and key in settings]
        if not values:
            continue
        usual = _usual(values)
        if "$." in json.dumps(usual):  # fields of one operation's own answer
            continue
        common[key] = usual
        for name, settings in folded.items():
            if name != "*" and key in settings and settings[key] == common[key]:
                del settings[key]
    return {name: settings for name, settings in sorted(folded.items()) if settings}


def _usual(values: list[Any]) -> Any:
    """Return the value that is seen most often; of several, the simplest."""
    texts = Counter(json.dumps(value, sort_keys=True) for value in values)
    most = max(texts.values())
    chosen = min((text for text, count in texts.items() if count == most), key=lambda text: (len(text), text))
    return json.loads(chosen)


def _errors(seen: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    templates = [settings["answer"] for settings in seen.values() if "answer" in settings]
    errors = {kind: dict(seen[kind]) for kind in _ERRORS if kind in seen}
    if templates:
        errors = {"*": {"answer": _usual(templates)}, **errors}
    return errors
