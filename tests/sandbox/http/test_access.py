"""Keys, routes, query parameters and what every answer carries."""

import re

import pytest

from impactive_async.sandbox import ROUTES, Sandbox
from tests.sandbox.calls import Api, MakeApi

NAMES = [route.name for route in ROUTES]


def concrete(template: str) -> str:
    return re.sub(r":\w+", "some-id", template)


def test_the_key_has_the_documented_shape_and_follows_from_the_seed() -> None:
    """A key is icrm_ and 32 hex characters, the same for the same seed and another for another."""
    assert re.fullmatch(r"icrm_[0-9a-f]{32}", Sandbox("a").api_key)
    assert Sandbox("a").api_key == Sandbox("a").api_key != Sandbox("b").api_key


@pytest.mark.parametrize("name", NAMES)
async def test_no_endpoint_answers_without_a_valid_key(api: Api, name: str) -> None:
    """Every endpoint answers 401 to a missing and to a wrong key, before it looks at anything else."""
    method, template = name.split()
    for key in ("", "icrm_" + "0" * 32):
        error = await api.refused(401, method, concrete(template), headers={"x-api-key": key})
        assert "x-api-key" in error
    assert not any(request.committed for request in api.sb.requests)


@pytest.mark.parametrize("name", [name for name in NAMES if "/:" in name])
async def test_an_unknown_id_is_not_found(api: Api, name: str) -> None:
    """Every endpoint with an id in its path answers 404 to one that does not exist here."""
    method, template = name.split()
    assert "No such" in await api.refused(404, method, concrete(template), {})


@pytest.mark.parametrize("name", NAMES)
async def test_unknown_query_parameters_are_refused(api: Api, name: str) -> None:
    """No endpoint ignores a query parameter it does not know: a misspelt one would return everything."""
    method, template = name.split()
    assert "sice" in await api.refused(400, method, concrete(template) + "?sice=2026-01-01T00:00:00Z")


async def test_a_repeated_query_parameter_is_refused(api: Api) -> None:
    """Two limits are no limit."""
    assert "more than once" in await api.refused(400, "GET", "/api/agent/contacts?limit=1&limit=2")


@pytest.mark.parametrize(
    "path", ["/", "/api/agent", "/api/agent/contacts/", "/api/agent/contact", "/api/agent/sequences//steps"]
)
async def test_unknown_paths_are_not_found(api: Api, path: str) -> None:
    """Whatever is not one of the 29 endpoints is 404, an empty id included."""
    assert await api.refused(404, "GET", path) == "No such endpoint"


async def test_a_known_path_with_another_verb_names_the_verbs_it_knows(api: Api) -> None:
    """A wrong verb is 405 and `Allow` says which are right."""
    for method in ("DELETE", "PUT", "HEAD", "OPTIONS"):
        got = await api.send(method, "/api/agent/contacts")
        assert (got.status, got.headers["Allow"]) == (405, "GET, POST")


async def test_ids_in_paths_are_percent_decoded(api: Api) -> None:
    """An id finds its row also where it arrives percent-encoded, and an encoded slash does not split it."""
    row = api.sb.state.create_contact("Ada", "Lovelace")
    encoded = "".join(f"%{ord(letter):02X}" for letter in row.id)
    assert (await api.send("PATCH", f"/api/agent/contacts/{encoded}", {})).status == 200
    await api.refused(404, "PATCH", "/api/agent/contacts/a%2Freplies", {})


async def test_rotation_and_revocation_take_effect_on_the_next_request(api: Api) -> None:
    """A new key works beside the old one; a revoked one stops at once."""
    sb, probe = api.sb, "/api/zapier/auth/test"
    fresh = sb.add_key()
    assert fresh != sb.api_key != sb.add_key() != fresh
    await api.get(probe)
    sb.revoke_key()
    await api.refused(401, "GET", probe)
    assert (await api.send("GET", probe, headers={"x-api-key": fresh})).status == 200
    sb.revoke_key(fresh)
    await api.refused(401, "GET", probe, headers={"x-api-key": fresh})


async def test_a_key_of_ones_own(make_api: MakeApi) -> None:
    """The key may be chosen."""
    async with make_api(api_key="icrm_" + "a" * 32) as api:
        assert api.sb.api_key == "icrm_" + "a" * 32
        await api.get("/api/zapier/auth/test")


async def test_every_answer_is_marked_dated_and_numbered(api: Api) -> None:
    """Answers, errors included, carry the virtual time, a request id of their own and the sandbox's mark."""
    first = await api.send("GET", "/api/zapier/auth/test")
    await api.sb.clock.advance(hours=2)
    second = await api.send("GET", "/nowhere")
    assert first.headers["Date"] == "Fri, 01 May 2026 09:00:00 GMT"
    assert second.headers["Date"] == "Fri, 01 May 2026 11:00:00 GMT"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    for got in (first, second):
        assert got.headers["x-impactive-sandbox"] == "1"
        assert got.headers["Content-Type"] == "application/json"


WRITES = [route.name for route in ROUTES if route.body == "required"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[1,", b"NaN", b'{"name": NaN}', b'"\\ud800"', b"null"])
@pytest.mark.parametrize("name", WRITES)
async def test_a_body_that_is_no_document_is_refused(api: Api, name: str, raw: bytes) -> None:
    """Every endpoint that needs a body answers 400 when there is none, or it is not JSON, or it is null."""
    sequence = api.sb.state.create_sequence("S", [0])
    ids = {"contacts": api.sb.state.create_contact("Ada", "Lovelace").id, "sequences": sequence.id}
    method, path = name.split()
    path = re.sub(r"(contacts|sequences)/:id", lambda found: f"{found[1]}/{ids[found[1]]}", path)
    path = path.replace(":stepId", api.sb.state.steps(sequence.id)[0].id)
    before = len(api.sb.state.enrollment_history), api.sb.state.sequences
    assert "the body" in await api.refused(400, method, path, data=raw)
    assert (len(api.sb.state.enrollment_history), api.sb.state.sequences) == before
    assert not any(request.committed for request in api.sb.requests)


@pytest.mark.parametrize("body", ["a string", 7, True])
@pytest.mark.parametrize("name", [name for name in WRITES if "/:" not in name])
async def test_a_body_of_the_wrong_shape_is_refused(api: Api, name: str, body: object) -> None:
    """A document that is not an object is 400."""
    method, path = name.split()
    assert "must be an object" in await api.refused(400, method, path, body)


async def test_the_rate_limit_refuses_with_the_time_to_wait(make_api: MakeApi) -> None:
    """Beyond the limit, requests are 429 with whole seconds in Retry-After, and do not count themselves."""
    real = [100.0]
    async with make_api(rate_limit=2, monotonic=lambda: real[0]) as api:
        got = []
        for moment in (100.0, 100.5, 100.9, 101.0, 101.2):
            real[0] = moment
            got.append(await api.send("GET", "/api/zapier/auth/test"))
        assert [one.status for one in got] == [200, 200, 429, 200, 429]
        assert got[2].headers["Retry-After"] == "1"
        assert api.sb.peak_rate == 4


async def test_unprintable_query_values_do_not_upset_it(api: Api) -> None:
    """Odd characters in a known parameter are a bad request like any other."""
    for value in ("%00", "%F0%9F%92%A9", "٣", "+1", "1.0", "1e2", "", "9" * 5000):
        await api.refused(400, "GET", f"/api/agent/contacts?limit={value}")
