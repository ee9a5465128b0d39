"""How a dialect answers errors, wrong verbs and OPTIONS."""

import pytest

from tests.sandbox.dialect.conftest import Speak

CONTACTS = "/api/agent/contacts"
HTML = "<pre>Cannot $method $path</pre>"


async def test_the_contract_has_one_shape(speak: Speak) -> None:
    """Each kind has its status and `{"error": text}`."""
    async with speak() as api:
        cases = {
            (400, "POST", CONTACTS): None,
            (404, "PATCH", f"{CONTACTS}/x"): {"title": "y"},
            (404, "GET", "/api/agent/nothing"): None,
            (405, "PUT", f"{CONTACTS}/x"): None,
        }
        for (status, method, path), body in cases.items():
            assert await api.refused(status, method, path, body)
        api.sb.revoke_key()
        assert await api.refused(401, "GET", CONTACTS)


async def test_a_refusal_in_a_200(speak: Speak) -> None:
    """The status of success, words of refusal; nothing was written, and the journal knows."""
    refusal = {"status": 200, "answer": {"success": False, "error": "$message", "code": "$status"}}
    async with speak(errors={"invalid": refusal}) as api:
        got = await api.send("POST", CONTACTS, {"firstName": "Ada"})
        assert (got.status, got.json) == (
            200,
            {"success": False, "error": "lastName is required", "code": 200},
        )
        assert api.sb.state.rows("contacts") == []
        assert not api.sb.requests[-1].committed
        batch = await api.send("POST", CONTACTS, [{"firstName": "Ada"}])
        assert (batch.json["index"], batch.json["success"]) == (0, False)


async def test_each_kind_goes_before_all(speak: Speak) -> None:
    """`*` is for all kinds, a kind's own settings replace it key by key."""
    errors = {"*": {"answer": {"message": "$message"}, "headers": {"A": "1"}}, "not_found": {"status": 410}}
    async with speak(errors=errors) as api:
        got = await api.send("GET", f"{CONTACTS}/x/replies")
        assert (got.status, got.json["message"], got.headers["A"]) == (
            410,
            "No such contact in this workspace",
            "1",
        )
        assert (await api.send("GET", "/x")).status == 404


async def test_html(speak: Speak) -> None:
    """The page names verb and path, and what a client put into the path is escaped."""
    async with speak(errors={"no_route": {"html": HTML}}) as api:
        got = await api.send("DELETE", "/api/<b>")
        assert (got.status, got.text) == (404, "<pre>Cannot DELETE /api/%3Cb%3E</pre>")
        assert got.headers["Content-Type"] == "text/html; charset=utf-8"
        quoted = await api.send("GET", "/api/'&'")
        assert quoted.text == "<pre>Cannot GET /api/&#x27;&amp;&#x27;</pre>"


@pytest.mark.parametrize("verb", ["PUT", "POST", "PATCH"])
async def test_updates_have_one_verb(speak: Speak, verb: str) -> None:
    """The verb of the dialect updates; the others do nothing and are told which verb there is."""
    async with speak({"*": {"update_verb": verb}}) as api:
        contact = api.sb.state.create_contact("A", "B")
        sequence = api.sb.state.create_sequence("S")
        step = api.sb.state.steps(sequence.id)[0]
        path = f"/api/agent/sequences/{sequence.id}"
        cases = {
            f"{CONTACTS}/{contact.id}": {"title": "Dr"},
            path: {"name": "T"},
            f"{path}/steps/{step.id}": {"subject": "New"},
        }
        for place, body in cases.items():
            for wrong in {"PUT", "POST", "PATCH"} - {verb}:
                got = await api.send(wrong, place, body)
                assert got.status == 405
                assert verb in got.headers["Allow"].split(", ")
                assert not api.sb.requests[-1].committed
            changed = await api.ok(verb, place, body)
            assert body.items() <= changed.items()


async def test_a_route_keeps_its_name_under_another_verb(speak: Speak) -> None:
    """Faults and the journal speak of `PATCH …`, whatever the verb on the wire is."""
    async with speak({"contacts.update": {"update_verb": "PUT"}}) as api:
        contact = api.sb.state.create_contact("A", "B")
        route = "PATCH /api/agent/contacts/:id"
        api.sb.fail(route, status=503)
        assert (await api.send("PUT", f"{CONTACTS}/{contact.id}", {"title": "x"})).status == 503
        assert [request.method for request in api.sb.requests_to(route)] == ["PUT"]


async def test_options(speak: Speak) -> None:
    """With `options`, OPTIONS is answered by `Allow`; unknown paths stay unknown."""
    async with speak({"*": {"update_verb": "PUT"}}, options={"status": 204}) as api:
        got = await api.send("OPTIONS", f"/api/agent/sequences/{'x' * 4}")
        assert (got.status, got.headers["Allow"], got.text) == (204, "GET, PUT", "")
        assert (await api.send("OPTIONS", "/api/nothing")).status == 404
    async with speak() as api:
        assert (await api.send("OPTIONS", CONTACTS)).status == 405


async def test_an_injected_error_speaks_the_dialect(speak: Speak) -> None:
    """A fault's status has the dialect's shape; a fault with a body of its own keeps that."""
    async with speak(errors={"*": {"answer": {"message": "$message"}}}) as api:
        api.sb.fail("*", status=429, retry_after=3)
        got = await api.send("GET", CONTACTS)
        assert (got.status, got.json, got.headers["Retry-After"]) == (429, {"message": "Injected 429"}, "3")
        api.sb.fail("*", status=429, body=b"slow down", content_type="text/plain")
        assert (await api.send("GET", CONTACTS)).text == "slow down"
