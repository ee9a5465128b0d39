"""All that a hub does, once."""

from __future__ import annotations

from impactive_async.hub import Hub
from tests.hub.engines import claimed, events, logged


async def all_is_done(hub: Hub) -> None:
    """Make a hub, work on it, read it, mend it. It keeps no event that everybody has acknowledged."""
    await hub.init()
    await work_is_done(hub)


async def work_is_done(hub: Hub) -> None:
    """The same, on a hub that somebody else has made."""
    await hub.check()
    await hub.bind("wsp_1")
    await hub.limit(50.0)
    assert await hub.permit() == 0.0
    for feed in ("a", "b"):
        await hub.add(feed)
    assert await hub.exchange_cursor("a", "", "0")
    assert await hub.pause("a")
    assert (await hub.status()).paused == ("a",)
    assert await hub.resume("a")
    assert await hub.poll_now("b")
    assert await hub.feed("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    await hub.fail(await claimed(hub), "503", 0)
    await hub.release(await claimed(hub))
    await hub.fail(await claimed(hub), "404", None)
    first, second, _ = await hub.receive("billing")
    await first.ack()
    await second.reject("no")
    assert [letter.position for letter in await hub.dead_letters("billing")] == [second.position]
    assert await hub.replay("billing") == 1
    assert (await hub.seek("billing", event=first.event.id, dry_run=True)).events == 3
    assert (await hub.seek("billing", event=second.event.id)).events == 2
    await hub.trim()
    assert await hub.heal() == []
    (dead,) = [feed for feed, error in (await hub.feeds()).items() if error == "404"]
    assert await hub.revive(dead)
    assert await hub.remove(dead)
    await hub.rebind("wsp_1 at home")
    status = await hub.status()
    assert (status.workspace, status.feeds, status.groups[0].behind) == ("wsp_1 at home", 1, 2)
    await second.reject("no")
    assert await hub.drop("billing") <= 1
    await hub.hold("billing", "me", 60.0)
    assert len(await logged(hub)) >= 2
    await hub.drop_group("billing")
    await hub.drop_group("checking")
    await hub.trim()
    assert (await hub.status()).events == 0
