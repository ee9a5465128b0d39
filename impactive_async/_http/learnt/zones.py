"""Local times: what is printed without an offset is put into UTC, and `since` into the zone it is read in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote

import attrs

from impactive_async._http.learnt.operations import operation_of
from impactive_async._http.wire import Request
from impactive_async.profile import Profile

_MOMENT: Final = re.compile(
    rb'("(?:createdAt|updatedAt|startedAt|nextSendAt|completedAt|pausedAt|lastSendErrorAt|emailDate|startTime|endTime)"'
    rb'\s*:\s*")(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?([.,]\d+)?(?=")'
)
"""A moment without an offset, with its name before it. Within a text its quotes would be escaped."""


@attrs.frozen
class Zones:
    """The zones in which a profile says that a service prints and reads local times."""

    _profile: Profile

    @classmethod
    def of(cls, profile: Profile) -> Self | None:
        """Return the zones of a profile; `None` if it names none, which costs nothing."""
        keys = {key for settings in profile.operations.values() for key in settings}
        return cls(profile) if keys & {"time_offset", "since_zone"} else None

    def in_utc(self, request: Request, body: bytes) -> bytes:
        """Return an answer with the moments in UTC that it prints without an offset."""
        settings = self._settings(request)
        name = settings.get("time_zone", "UTC")
        if settings.get("time_offset", True) or name == "UTC":
            return body
        zone = _zone_of(name)
        return _MOMENT.sub(lambda found: found[1] + _utc(found, zone), body)

    def asked(self, request: Request) -> Request:
        """Return a request whose `since` is in the zone in which the service reads it."""
        path, _, query = request.path.partition("?")
        zone = self._settings(request).get("since_zone") if "since=" in query else None
        if zone is None:
            return request
        given = [
            (name, _local_time(value, zone) if name == "since" else value) for name, value in parse_qsl(query)
        ]
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe=':')}" for name, value in given)
        return attrs.evolve(request, path=f"{path}?{query}")

    def _settings(self, request: Request) -> dict[str, Any]:
        operation = operation_of(request.method, request.template)
        return {} if operation is None else self._profile.settings(operation)


def _utc(found: re.Match[bytes], zone: tzinfo) -> bytes:
    _, day, minutes, seconds, fraction = found.groups(b"")
    local = datetime.fromisoformat(f"{day.decode()}T{minutes.decode()}").replace(tzinfo=zone)
    at = local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M").encode()
    return at + seconds + fraction + b"Z"


def _zone_of(name: str) -> tzinfo:
    """Return a zone by its name in a profile: an offset, or an IANA name."""
    from zoneinfo import ZoneInfo

    offset = datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo if name[0] in "+-" else None
    return offset or ZoneInfo(name)


def _local_time(moment: str, zone: str) -> str:
    """Return a moment as the clocks of a zone show it, with its offset."""
    return datetime.fromisoformat(moment).astimezone(_zone_of(zone)).isoformat()
