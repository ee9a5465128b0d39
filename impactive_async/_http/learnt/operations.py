"""What profiles call the operations that lists and rows come from, by verb and path."""

from __future__ import annotations

import re
from typing import Final

_READS: Final = re.compile(r"/api/(?:agent/)?(?P<name>.+)")
_PLACE: Final = re.compile(r"/:\w+")
_OF_ONE: Final = {
    ("GET", "/api/agent/sequences/:id"): "sequences.get",
    ("GET", "/api/zapier/auth/test"): "zapier.auth_test",
    ("DELETE", "/api/agent/sequences/:id/steps/:stepId"): "sequences.steps.delete",
    ("DELETE", "/api/agent/sequences/:id/contacts/:contactId"): "sequences.unenroll",
    ("POST", "/api/agent/sequences/:id/enroll"): "sequences.enroll",
    ("POST", "/api/agent/sequences/:id/pause"): "sequences.pause",
}
_OF_A_ROW: Final = re.compile(r"/:\w+$")
"""Which has one write: an update, whatever its verb."""


def operation_of(verb: str, path: str) -> str | None:
    """Return the name of an operation, such as `zapier.deals.list`; `None` of a path that is a user's own.

    Args:
        verb: The HTTP verb.
        path: With `:id` places.
    """
    found = _READS.fullmatch(path)
    if found is None:
        return None
    if (verb, path) in _OF_ONE:
        return _OF_ONE[verb, path]
    name = _PLACE.sub("", found["name"]).replace("/", ".").replace("-", "_")
    if verb == "GET":
        return name if ":" in path else f"{name}.list"
    if _OF_A_ROW.search(path):
        return f"{name}.update"
    return f"{name}.create" if verb == "POST" else None
