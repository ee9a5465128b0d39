"""Updates where the service takes another verb than PATCH."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from impactive_async import APIStatusError, APITimeoutError, AsyncClient, NotFoundError, Profile, StepDraft
from impactive_async.sandbox import Sandbox
from tests.support import FakeClock, client_of, outcome

UPDATE = "PATCH /api/agent/contacts/:id"


def verbs(sandbox: Sandbox) -> list[str]:
    return [request.method for request in sandbox.requests]


async def contact(crm: AsyncClient) -> str:
    return (await crm.contacts.create(first_name="Ada", last_name="Lovelace")).id


@pytest.mark.parametrize("dialect", ["express", "next"])
async def test_an_update_goes_on_with_the_verb_that_the_service_takes(
    dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A 405, or a 404 that is not the API's, has done nothing: the same body is sent by PUT, later ones too."""
    caplog.set_level(logging.WARNING)
    async with Sandbox(dialect=dialect) as sandbox, client_of(sandbox) as crm:
        who = await contact(crm)
        updated = await crm.contacts.update(who, title="Countess")
        again = await crm.contacts.update(who, title="Analyst")
        assert (updated.title, again.title) == ("Countess", "Analyst")
        assert verbs(sandbox) == ["POST", "PATCH", "PUT", "PUT"]
        assert crm.stats().deviations["verb.put"] == 1
    assert caplog.text.count("verb.put") == 1


ANSWERS: dict[str, dict[str, Any]] = {
    "405": {"status": 405, "headers": {"Allow": "GET, POST"}, "body": b""},
    "404 of the framework": {"status": 404, "body": b"<pre>Cannot PATCH /api</pre>", "content_type": "text/html"},
    "404 that names the verb": {"status": 404, "body": b'{"message": "No PATCH, PUT:/api/x"}'},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_what_is_about_the_verb(answer: dict[str, Any], sandbox: Sandbox) -> None:
    """The verb that `Allow` names is tried, else PUT; where none is taken, the first refusal is raised."""
    async with client_of(sandbox) as crm:
        who = await contact(crm)
        sandbox.fail("*", **answer, times=None)
        error = await outcome(crm.contacts.update(who, title="Countess"))
    assert isinstance(error, APIStatusError)
    tried = verbs(sandbox)[1:]
    assert tried == (["PATCH", "POST", "PUT"] if answer["status"] == 405 else ["PATCH", "PUT"])
    assert (error.outcome_unknown, error.method, error.attempts) == (False, "PATCH", len(tried))


PAGE = b"<html><body><h1>404</h1></body></html>"


async def test_a_verb_is_learnt_from_success_alone(crm: AsyncClient, sandbox: Sandbox) -> None:
    """After a stray 404 page, which no other verb gets behind, the next update begins with PATCH again."""
    who = await contact(crm)
    sandbox.fail(UPDATE, status=404, body=PAGE, content_type="text/html")
    error = await outcome(crm.contacts.update(who, title="Countess"))
    assert isinstance(error, NotFoundError)
    assert "HTML page" in str(error)
    updated = await crm.contacts.update(who, title="Analyst")
    assert updated.title == "Analyst"
    assert verbs(sandbox) == ["POST", "PATCH", "PUT", "PATCH"]
    assert crm.stats().deviations == {}
    assert crm.profile == Profile()


async def test_all_updates_have_one_verb() -> None:
    """What the update of a contact has taught, updates of sequences and steps use, whatever their options."""
    async with Sandbox(dialect="express") as sandbox, client_of(sandbox) as crm:
        await crm.contacts.update(await contact(crm), title="Countess")
        sequence = await crm.sequences.create(name="Welcome", steps=[StepDraft(subject="Hi", body="…")])
        patient = crm.with_options(timeout=60)
        await patient.sequences.update(sequence.id, name="Hello")
        await patient.sequences.steps.update(sequence.id, (sequence.steps or ())[0].id, subject="Ho")
    assert [verb for verb in verbs(sandbox) if verb != "POST"] == ["PATCH", "PUT", "PUT", "PUT"]


@pytest.mark.parametrize("said", [True, False], ids=["with Allow", "without"])
async def test_a_profile_that_is_out_of_date_ends_no_update(said: bool) -> None:
    """A service that takes PATCH again is told so by nothing but its answers."""
    no_method = {"status": 405, "allow": said}
    document = {"profile": 1, "errors": {"no_method": no_method}}
    old = Profile(operations={"*": {"update_verb": "PUT"}})
    async with Sandbox(profile=document) as sandbox, client_of(sandbox, profile=old) as crm:
        who = sandbox.state.rows("contacts")[0].id
        for title in ("Countess", "Analyst"):
            assert (await crm.contacts.update(who, title=title)).title == title
        assert crm.profile.settings("contacts.update")["update_verb"] == "PATCH"
    assert verbs(sandbox) == ["PUT", "PATCH", "PATCH"]


async def test_a_service_may_have_a_verb_for_each_update() -> None:
    """Where updates differ, each is sent by its own verb once that is known."""
    document = {"profile": 1, "operations": {"sequences.*": {"update_verb": "PUT"}}}
    async with Sandbox(profile=document) as sandbox, client_of(sandbox) as crm:
        who, what = sandbox.state.rows("contacts")[0].id, sandbox.state.create_sequence("Welcome").id
        for name in ("one", "two", "three"):
            await crm.contacts.update(who, title=name)
            await crm.sequences.update(what, name=name)
    assert verbs(sandbox) == ["PATCH", "PATCH", "PUT", "PUT", "PATCH", "PUT", "PATCH", "PUT"]
    assert [crm.profile.settings(f"{noun}.update") for noun in ("contacts", "sequences")] == [
        {},
        {"update_verb": "PUT"},
    ]


async def test_trying_another_verb_is_within_the_deadline() -> None:
    """A refusal that has taken all of the call's time is followed by nothing."""
    clock = FakeClock()

    def take_long(_: object) -> None:
        clock.now += 2

    async with Sandbox(dialect="express") as sandbox:
        who = sandbox.state.rows("contacts")[0].id
        async with client_of(sandbox, clock=clock, on_response=take_long) as crm:
            error = await outcome(crm.with_options(deadline=2).contacts.update(who, title="Countess"))
            assert isinstance(error, APITimeoutError)
            assert (error.outcome_unknown, error.attempts, verbs(sandbox)) == (False, 1, ["PATCH"])
            assert getattr(error.__cause__, "status", None) == 404
            await crm.with_options(deadline=5).contacts.update(who, title="Countess")
    assert verbs(sandbox) == ["PATCH", "PATCH", "PUT"]


async def test_another_verb_is_no_repetition() -> None:
    """It needs no `max_retries`, and takes none away; the attempts are counted all the same."""
    async with Sandbox(dialect="express") as sandbox:
        who = sandbox.state.rows("contacts")[0].id
        sandbox.fail("*", status=503, after=1, times=1)
        async with client_of(sandbox, max_retries=1) as crm:
            raw = await crm.with_raw_response(crm.contacts.update(who, title="Countess"))
    assert (raw.value.title, raw.attempts) == ("Countess", 3)
    assert verbs(sandbox) == ["PATCH", "PUT", "PUT"]
    assert crm.stats().retries == 1


async def test_a_refusal_of_the_verb_may_come_in_a_200(sandbox: Sandbox) -> None:
    """`{"success": false, "error": "Method Not Allowed"}` means what a 405 means."""
    sandbox.fail(UPDATE, status=200, body=b'{"success": false, "error": "Method Not Allowed"}')
    async with client_of(sandbox) as crm:
        error = await outcome(crm.contacts.update(sandbox.state.rows("contacts")[0].id, title="x"))
    assert error.status == 405
    assert verbs(sandbox) == ["PATCH", "PUT"]


async def test_a_404_of_the_api_is_about_the_id(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Nobody of that id: no other verb is tried."""
    assert isinstance(await outcome(crm.contacts.update("nobody", title="x")), NotFoundError)
    assert verbs(sandbox) == ["PATCH"]


async def test_a_405_to_another_request_is_raised(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Creates, enrolls and requests of the user's own are sent as they are."""
    sandbox.fail("*", status=405, times=None)
    calls = [
        contact(crm),
        crm.sequences.enroll("s", contact_ids=["a"]),
        crm.request("PATCH", "/api/agent/contacts/1", json={}),
    ]
    for call in calls:
        assert (await outcome(call)).status == 405
    assert verbs(sandbox) == ["POST", "POST", "PATCH"]


async def test_a_strict_client_tries_no_other_verb(sandbox: Sandbox) -> None:
    """It is for tests that want to know."""
    async with client_of(sandbox, strict=True) as crm:
        who = await contact(crm)
        sandbox.fail("*", status=405)
        assert (await outcome(crm.contacts.update(who, title="x"))).status == 405


async def test_ids_that_came_as_numbers_are_sent_back_as_numbers() -> None:
    """A service with numbers for ids may refuse text: rows have text, and bodies numbers again."""
    profile = {"profile": 1, "ids": {"*": "number"}, "ids_as_text": False}
    async with Sandbox(profile=profile) as sandbox, client_of(sandbox) as crm:
        who = await contact(crm)
        sequence = await crm.sequences.create(name="Welcome")
        done = await crm.sequences.enroll(sequence.id, contact_ids=[who])
        assert who.isdecimal()
        assert done.enrolled_count == 1
        assert crm.stats().deviations["id.number"] > 0
