"""What can be done on the page of a worker, by whom, over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from attrs import define

from impactive_async.hub import SqliteHub
from impactive_async.operations.access import HostNames
from impactive_async.operations.activity import Activity
from impactive_async.operations.probes import HubView
from impactive_async.operations.server import known_names_only, serving
from impactive_async.operations.shown import Shown
from impactive_async.operations.steering import COOKIE
from tests.hub.engines import claimed, events

TOKEN = "correct horse battery"
FEED = "zapier/deals"


@define
class Operator:
    """Somebody with a browser, and the hub that they steer."""

    hub: SqliteHub
    shown: Shown
    url: str
    session: aiohttp.ClientSession

    async def page(self) -> str:
        async with self.session.get(f"{self.url}/") as response:
            return await response.text()

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> tuple[int, str]:
        """Send a form as a page of the port does, and follow where it leads."""
        sent = {"Origin": self.url, **(headers or {})}
        async with self.session.post(f"{self.url}/{path}", data=fields, headers=sent) as response:
            return response.status, await response.text()

    async def sign_in(self) -> None:
        status, page = await self.post("session", token=TOKEN)
        assert status == 200
        assert "No more actions" in page

    async def act(self, action: str, **fields: str) -> tuple[int, str]:
        return await self.post("actions", None, action=action, form_key=await self.key(), **fields)

    async def key(self) -> str:
        found = re.search('name="form_key" value="([^"]+)"', await self.page())
        assert found
        return found[1]

    async def state(self) -> str:
        found = await self.hub.feed(FEED)
        assert found
        return found.state


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.init()
        await hub.add(FEED)
        shown = Shown(HubView(hub), Activity())
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            serving(shown, host="127.0.0.1", port=0, token=TOKEN, names=["ops.example.com"]) as port,
            aiohttp.ClientSession(cookie_jar=jar) as session,
        ):
            yield Operator(hub, shown, f"http://127.0.0.1:{port}", session)


async def kill(hub: SqliteHub) -> None:
    await hub.fail(await claimed(hub), "404 no such sequence", None)


async def test_each_action_does_what_it_says(operator: Operator) -> None:
    """And the page tells what came of it."""
    await operator.sign_in()
    for action, state, said in (
        ("pause", "paused", "It is paused."),
        ("poll-now", "paused", "Nothing was changed: it is paused, and polled by nobody"),
        ("resume", "due", "It is due now."),
        ("resume", "due", "Nothing was changed: it is not paused, but due"),
        ("poll-now", "due", "It is due now."),
        ("revive", "due", "Nothing was changed: it is not dead, but due"),
    ):
        status, page = await operator.act(action, feed=FEED)
        assert (status, await operator.state()) == (200, state)
        assert operator.shown.actions[-1].outcome == said
        assert said in page
    await kill(operator.hub)
    await operator.act("revive", feed=FEED)
    assert await operator.state() == "due"


async def test_a_rewind_says_first_what_will_happen(operator: Operator) -> None:
    """Nothing changes before that was agreed to, and then it is the moment that was named."""
    claim = await claimed(operator.hub)
    await operator.hub.commit(claim, "", events(1), 60.0)
    await operator.sign_in()
    status, page = await operator.act("rewind", feed=FEED, hours="2")
    assert (status, await operator.state()) == (200, "waiting")
    assert "It will be polled again from" in page
    fields = dict(re.findall('name="([a-z_]+)" value="([^"]*)"', page))
    await operator.post("actions", **fields)
    assert operator.shown.actions[-1].action == "rewind"
    assert fields["since"].endswith("+00:00")


async def test_dead_letters_are_shown_and_replayed(operator: Operator) -> None:
    """One of them, or all of a group."""
    await operator.hub.commit(await claimed(operator.hub), "", events(1, 2, 3), 60.0)
    for delivery in await operator.hub.receive("billing", count=3):
        await delivery.reject("answered <500>")
    await operator.sign_in()
    operator.shown.view.forget()
    page = await operator.page()
    assert page.count("answered &lt;500&gt;") == 3
    one = (await operator.hub.dead_letters("billing"))[0].position
    await operator.act("replay", group="billing", position=one, agreed="yes")
    assert len(await operator.hub.dead_letters("billing")) == 2
    _, page = await operator.act("replay", group="billing")
    assert "All dead letters of billing will be delivered again" in page
    await operator.act("replay", group="billing", agreed="yes")
    assert await operator.hub.dead_letters("billing") == []
    assert operator.shown.actions[-1].outcome == "2 dead letters are delivered again."


async def test_what_is_not_there_is_refused_in_words(operator: Operator) -> None:
    """A feed, a group, an action, a number that is none."""
    await operator.sign_in()
    await operator.act("pause", feed="zapier/dreams")
    assert "no feed 'zapier/dreams'" in operator.shown.actions[-1].outcome
    await operator.act("replay", group="nobody", agreed="yes")
    assert "no group 'nobody'" in operator.shown.actions[-1].outcome
    rewind = {"action": "rewind", "feed": FEED}
    for fields in (
        {"action": "drop"},
        rewind | {"hours": "x"},
        rewind | {"hours": "9" * 12},  # no such time ever was
        rewind | {"hours": "9" * 5000},
        rewind | {"since": "2026-05-01T09:00:00"},  # of which zone?
        {},
    ):
        given: dict[str, Any] = fields
        status, page = await operator.post("actions", form_key=await operator.key(), **given)
        assert status == 400
        assert "Nothing was changed" in page
    assert await operator.state() == "due"


async def test_without_the_token_nothing_can_be_done(operator: Operator) -> None:
    """A wrong one is refused, a stranger's form does nothing, and whoever signs out may not act any more."""
    assert (await operator.post("session", token="wrong"))[0] == 403
    assert "form_key" not in await operator.page()
    assert (await operator.post("actions", action="pause", feed=FEED))[0] == 403
    await operator.sign_in()
    key = await operator.key()
    await operator.post("session", end="yes")
    assert (await operator.post("actions", action="pause", feed=FEED, form_key=key))[0] == 403
    assert await operator.state() == "due"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example:9464", "Origin": "http://evil.example:9464"}, 421),  # a name that was rebound
        ({"Host": "evil.example"}, 421),
    ],
)
async def test_a_page_elsewhere_cannot_act(operator: Operator, headers: dict[str, str], status: int) -> None:
    """Even if the operator is signed in, and the browser sends the cookie along."""
    await operator.sign_in()
    key = await operator.key()
    answer, _ = await operator.post("actions", headers, action="pause", feed=FEED, form_key=key)
    assert (answer, await operator.state()) == (status, "due")
    assert (await operator.post("session", headers, token=TOKEN))[0] == status


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\ngarbage"),
        ("application/x-www-form-urlencoded; charset=klingon", b"token=a"),
        ("application/x-www-form-urlencoded", b"token=\xff%ff"),
        ("text/plain", b"token=a"),
    ],
)
async def test_what_is_no_form_is_refused(operator: Operator, kind: str, body: bytes) -> None:
    """Without an error of the server: anybody may send it."""
    for path in ("session", "actions"):
        async with operator.session.post(
            f"{operator.url}/{path}", data=body, headers={"Content-Type": kind, "Origin": operator.url}
        ) as answer:
            assert answer.status == 403
            assert "Nothing was done" in await answer.text()


async def test_a_form_without_its_key_does_nothing(operator: Operator) -> None:
    """The cookie alone is not enough."""
    await operator.sign_in()
    for key in ("", "0" * 64):
        assert (await operator.post("actions", action="pause", feed=FEED, form_key=key))[0] == 403
    assert await operator.state() == "due"


async def test_the_cookie_is_for_this_page_alone(operator: Operator) -> None:
    """No script reads it, and no other site sends it."""
    async with operator.session.post(
        f"{operator.url}/session", data={"token": TOKEN}, headers={"Origin": operator.url}, allow_redirects=False
    ) as response:
        assert response.status == 303
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize("path", ["/", "/live", "/metrics", "/livez"])
async def test_a_rebound_name_reads_nothing_on_loopback(operator: Operator, path: str) -> None:
    """What is said there tells which name is missing, escaped."""
    async with operator.session.get(f"{operator.url}{path}", headers={"Host": "evil<b>.example"}) as response:
        assert response.status == 421
        assert "--allow-host" in (text := await response.text())
        assert "<b>" not in text
    async with operator.session.get(f"{operator.url}/", headers={"Host": "ops.example.com"}) as response:
        assert response.status == 200


async def test_on_other_addresses_programs_ask_by_any_name() -> None:
    """A Prometheus knows the port by a name of its network; the page still is for known names."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[known_names_only(HostNames(), everywhere=False)])
    app.add_routes([web.get(path, answer) for path in ("/metrics", "/livez", "/readyz", "/")])
    async with TestClient(TestServer(app)) as client:
        for path, status in (("/metrics", 200), ("/livez", 200), ("/readyz", 200), ("/", 421)):
            async with client.get(path, headers={"Host": "worker:9464"}) as response:
                assert response.status == status


async def test_a_port_without_a_token_has_no_actions(tmp_path: Path) -> None:
    """Neither forms nor addresses for them."""
    async with SqliteHub(tmp_path / "hub.db") as hub, aiohttp.ClientSession() as session:
        await hub.init()
        async with serving(Shown(HubView(hub), Activity()), host="127.0.0.1", port=0) as port:
            for path in ("session", "actions"):
                async with session.post(f"http://127.0.0.1:{port}/{path}", data={"action": "pause"}) as response:
                    assert response.status == 404
            async with session.get(f"http://127.0.0.1:{port}/") as response:
                assert "<form" not in await response.text()
