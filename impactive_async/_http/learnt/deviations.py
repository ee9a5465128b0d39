"""What a client has learnt of a service beyond the contract: deviations counted, and told once each."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from impactive_async._codec.tolerant.notes import Notes
from impactive_async._http.learnt.verbs import UPDATE, UpdateVerbs
from impactive_async._http.learnt.zones import Zones
from impactive_async._http.wire import Request, is_custom
from impactive_async.errors import DecodeError
from impactive_async.profile import ID_NOUNS, Profile

_log = logging.getLogger("impactive_async.contract")


@attrs.define(kw_only=True)
class Deviations:
    """The deviations that a client has met, by name.

    Attributes:
        strict: Whether each is refused instead.
        expected: Names that are not counted, as a profile says them.
        counts: How often each was met.
    """

    strict: bool = False
    expected: Collection[str] = ()
    counts: dict[str, int] = attrs.field(factory=dict)
    verbs: UpdateVerbs = attrs.field(factory=UpdateVerbs)
    """The verbs of updates, as far as they are known."""
    numeric_ids: set[str] = attrs.field(factory=set)
    """Nouns whose ids are numbers, which is how they are sent back."""
    given: Profile | None = None
    """The profile that the client was given."""
    zones: Zones | None = None
    """The zones of local times, where a profile names any."""
    caps: dict[str, int] = attrs.field(factory=dict)
    """The most rows of lists that said that they have more, by operation."""
    told: set[str] = attrs.field(factory=set)
    """What was told once, and is not told again."""

    @classmethod
    def of(cls, profile: Profile | None, *, strict: bool = False) -> Deviations:
        """Return those of a client that has met none yet, and knows what a profile says."""
        if profile is None:
            return cls(strict=strict)
        return cls(
            strict=strict,
            given=profile,
            zones=Zones.of(profile),
            expected=profile.deviations(),
            verbs=UpdateVerbs.of(profile),
            numeric_ids={noun for noun in ID_NOUNS if profile.numbered(noun)},
        )

    def settings(self, operation: str) -> Mapping[str, Any]:
        """Return what the client's profile says of an operation, such as `zapier.deals.list`."""
        return {} if self.given is None else self.given.settings(operation)

    def learnt(self) -> Profile:
        """Return what is known of the service: what a profile said, and what was learnt since."""
        profile = self.given or Profile()
        caps = {name: {"cap": cap} for name, cap in self.caps.items() if profile.settings(name).get("cap") != cap}
        numbers = {noun: "number" for noun in sorted(self.numeric_ids) if not profile.numbered(noun)}
        profile = attrs.evolve(profile, ids={**profile.ids, **numbers})
        profile = profile.with_settings(self.verbs.settings(profile)).with_settings(caps)
        met = sorted(self.counts.keys() - profile.deviations())
        return attrs.evolve(profile, expected=[*profile.expected, *met])

    def as_learnt(self, request: Request) -> Request:
        """Return a request with the verb and the ids that the service takes."""
        if self.numeric_ids and request.body is not None:
            from impactive_async._codec.tolerant.ids import with_numbers  # few services need it

            request = attrs.evolve(request, body=with_numbers(request.body, self.numeric_ids))
        if self.zones is not None:
            request = self.zones.asked(request)
        if request.method != UPDATE or is_custom(request):
            return request
        verb = self.verbs.verb(request.template)
        return request if verb == UPDATE else attrs.evolve(request, method=verb)

    def may_change_verb(self, asked: Request) -> bool:
        """Whether a request is an update that may be sent by another verb than that of its endpoint."""
        return asked.method == UPDATE and not self.strict and not is_custom(asked)

    def took(self, path: str, verb: str) -> None:
        """Keep that an update was taken with another verb than the one that was tried first, and count it."""
        self.verbs.learn(path, verb)
        if verb != UPDATE:
            self.add(f"verb.{verb.lower()}", UPDATE, path)

    def notes(self, method: str, route: str, headers: Mapping[str, str] | None = None) -> Notes:
        """Return the notes for one answer, with its headers."""
        return Notes(lambda name: self.add(name, method, route), self.numeric_ids, headers, method)

    def showed(self, operation: str, rows: int) -> None:
        """Keep that a list showed so many rows, and said that it has more."""
        self.caps[operation] = max(rows, self.caps.get(operation, 0))

    def is_news(self, what: str) -> bool:
        """Whether something was not told yet; it counts as told from now on."""
        news = what not in self.told
        self.told.add(what)
        return news

    def add(self, name: str, method: str, route: str) -> None:
        """Count a deviation; the first of each name is a warning, with the endpoint and no values.

        Raises:
            DecodeError: The client is strict.
        """
        if self.strict:
            raise DecodeError(
                f"the answer deviates from the contract ({name}), and this client is strict. Without strict=True "
                "the answer would be read.",
                method=method,
                path=route,
            )
        if name in self.expected:
            return
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.counts[name] == 1:
            _log.warning(
                "%s %s deviates from the contract: %s. It is read all the same; `impactive doctor` says more.",
                method, route, name,
            )  # fmt: skip
