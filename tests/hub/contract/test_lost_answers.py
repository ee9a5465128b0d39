"""Connections that break after the server has acted and before it could say so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from impactive_async.hub import Hub, HubError
from impactive_async.hub.postgres.hub import PostgresHub
from impactive_async.hub.redis.hub import RedisHub
from tests.hub.engines import Impatient, corner_of, events
from tests.hub.support.proxy import LossyProxy, lossy


def impatient_hub(url: str, namespace: str) -> Hub:
    if url.startswith("redis"):
        return RedisHub(url, namespace=namespace, retry=Retry(NoBackoff(), 6))
    return PostgresHub(url, namespace=namespace, connections=1, clock=Impatient())


@pytest.fixture(params=["redis", "postgres"])
async def behind(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[LossyProxy, Hub]]:
    async with (
        corner_of(request.param, tmp_path) as corner,
        lossy(corner.url) as (proxy, url),
        impatient_hub(url, corner.namespace) as hub,
    ):
        await hub.init()
        await hub.add("a")
        yield proxy, hub


@pytest.mark.parametrize("losses", [1, 3])
async def test_a_commit_whose_answer_is_lost_is_carried_out_once(
    behind: tuple[LossyProxy, Hub], losses: int
) -> None:
    """A commit that is sent again on a new connection returns, with its events in the log once."""
    proxy, hub = behind
    claim = await hub.claim(60)
    assert claim
    proxy.lose_answers = losses
    await hub.commit(claim, "1", events(1, 2, 3), 0, gaps=1)
    assert proxy.lost == losses
    assert [delivery.event for delivery in await hub.receive("billing")] == events(1, 2, 3)
    assert (await hub.status()).gaps == 1
    again = await hub.claim(60)
    assert again
    assert again.cursor == "1"


async def test_events_whose_delivery_is_lost_come_again(behind: tuple[LossyProxy, Hub]) -> None:
    """Events that a consumer was given and never got are delivered again, marked."""
    proxy, hub = behind
    claim = await hub.claim(60)
    assert claim
    await hub.commit(claim, "1", events(1), 0)
    await hub.receive("billing", visibility=0)
    proxy.lose_answers = 1
    (delivery,) = await hub.receive("billing", visibility=0)
    assert proxy.lost == 1
    assert delivery.redelivered


async def test_an_engine_that_never_answers_is_a_hub_error(behind: tuple[LossyProxy, Hub]) -> None:
    """When repeating does not help either, the error says that calling again is safe; and it is."""
    proxy, hub = behind
    claim = await hub.claim(60)
    assert claim
    proxy.lose_answers = 1000
    with pytest.raises(HubError, match="calling again is safe"):
        await hub.commit(claim, "1", events(1), 0)
    assert 5 <= proxy.lost <= 20
    proxy.lose_answers = 0
    await hub.commit(claim, "1", events(1), 0)
    assert len(await hub.receive("billing")) == 1


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_an_absent_engine_is_a_hub_error(engine: str, unused_tcp_port: int) -> None:
    """A server that is not there is a `HubError` on first use, not when the hub is made."""
    scheme = {"redis": "redis", "postgres": "postgresql"}[engine]
    async with impatient_hub(f"{scheme}://127.0.0.1:{unused_tcp_port}/0", "absent") as hub:
        for attempt in (hub.claim(60), hub.init(), hub.status()):
            with pytest.raises(HubError):
                await attempt
