"""The verb of updates: what is known of it, and which is tried where one is refused (A1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import attrs

from impactive_async.errors import APIStatusError
from impactive_async.profile import Profile

UPDATE: Final = "PATCH"
"""The verb of updates that we assume."""

_VERBS: Final = ("PATCH", "PUT", "POST")
_UNASKED: Final = ("PUT", "PATCH")
"""What is tried where the service does not say which verb it takes. A POST might create something."""

_OPERATIONS: Final = {
    "/api/agent/contacts/:id": "contacts.update",
    "/api/agent/sequences/:id": "sequences.update",
    "/api/agent/sequences/:id/steps/:stepId": "sequences.steps.update",
}
"""The updates by their paths, with the names that profiles give them."""


@attrs.define
class UpdateVerbs:
    """The verbs of updates, as far as they are known.

    Services have one verb for all updates, so what one update has taught is used for the others.
    """

    _usual: str = UPDATE
    _by_path: dict[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(cls, profile: Profile) -> UpdateVerbs:
        """Return what a profile says."""
        told = {path: profile.settings(name).get("update_verb") for path, name in _OPERATIONS.items()}
        known = {path: verb for path, verb in told.items() if verb is not None}
        return cls(next(iter(known.values()), UPDATE), known)

    def verb(self, path: str) -> str:
        """Return the verb of the update at a path, such as `/api/agent/contacts/:id`."""
        return self._by_path.get(path, self._usual)

    def learn(self, path: str, verb: str) -> None:
        """Keep that the update at a path was taken with this verb."""
        self._usual = self._by_path[path] = verb

    def settings(self, profile: Profile) -> Mapping[str, Mapping[str, Any]]:
        """Return what is known beyond a profile, as the settings of operations."""
        known = {name: self.verb(path) for path, name in _OPERATIONS.items()}
        return {
            name: {"update_verb": verb}
            for name, verb in known.items()
            if verb != profile.settings(name).get("update_verb", UPDATE)
        }


def is_about_verb(sent: str, error: Exception) -> bool:
    """Whether a request was refused for its verb, and so has done nothing.

    A 405 says so, and a 404 that is not the API's own, such as "Cannot PATCH /…".
    """
    if not isinstance(error, APIStatusError):
        return False
    return error.status == 405 or (error.status == 404 and (not _is_of_api(error.json) or sent in str(error.json)))


def _is_of_api(json: object) -> bool:
    """Whether the body of an error is one that an API writes."""
    return isinstance(json, dict) and any(json.get(name) for name in ("error", "message", "errors"))


def other_verb(error: Exception, refused: Collection[str]) -> str | None:
    """Return the verb to try next: one that `Allow` names, else PUT, else PATCH; `None` if none is left."""
    told = error.headers.get("Allow", "") if isinstance(error, APIStatusError) else ""
    allowed = {verb.strip().upper() for verb in told.split(",")}
    candidates = (*(verb for verb in _VERBS if verb in allowed), *_UNASKED)
    return next((verb for verb in candidates if verb not in refused), None)
