"""How requests are sent."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from impactive_async.cli.doctor import prober
from impactive_async.cli.doctor.prober import Prober
from impactive_async.sandbox import Sandbox


async def test_at_most_five_requests_are_made_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each request but the first there is a pause, which together make a fifth of a second for each."""
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(prober, "pause", note)
    async with Sandbox() as sandbox:
        asking = Prober(sandbox.url, sandbox.api_key)
        for _ in range(11):
            await asking.ask("GET", "/api/zapier/auth/test")
    assert len(pauses) == 10
    assert pauses == sorted(pauses)  # nobody waited, so that each pause is longer than the one before
    assert max(pauses) <= 10 / prober.RATE


async def test_no_second_has_more_than_five_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only pauses move, requests begin at least a fifth of a second apart."""
    now = [100.0]
    begun: list[float] = []

    async def wait(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(prober, "pause", wait)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    async with Sandbox() as sandbox:
        asking = Prober(sandbox.url, sandbox.api_key)
        for _ in range(11):
            await asking.ask("GET", "/api/zapier/auth/test")
            begun.append(now[0])
    assert all(later - earlier >= 1 / prober.RATE - 1e-9 for earlier, later in pairwise(begun))
    assert begun[-1] - begun[0] == pytest.approx(10 / prober.RATE)


async def test_a_request_is_never_repeated() -> None:
    """One that gets no answer is told once, in our words and without the host."""
    async with Sandbox() as sandbox:
        sandbox.fail("GET /api/zapier/auth/test", disconnect=True, times=None)
        answer = await Prober(sandbox.url, sandbox.api_key).ask("GET", "/api/zapier/auth/test")
    assert answer.status == 0
    assert answer.trouble == "the connection failed (RemoteDisconnected)"
    assert len(sandbox.requests) == 1


async def test_ids_are_escaped_and_the_key_is_not_shown() -> None:
    """An id cannot change the path, and no repr has the key."""
    async with Sandbox() as sandbox:
        asking = Prober(sandbox.url, sandbox.api_key)
        answer = await asking.ask("GET", "/api/agent/sequences/:id", "a/b?c")
        assert answer.path == "/api/agent/sequences/a%2Fb%3Fc"
        assert sandbox.api_key not in repr(asking)
