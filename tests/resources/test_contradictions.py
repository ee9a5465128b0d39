"""Answers that speak of a failure and of what was done: a write is neither taken for undone nor sent again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from impactive_async import APIStatusError, AsyncClient, BadRequestError, ContactDraft, DecodeError
from impactive_async.sandbox import Sandbox
from tests.support import client_of

ADA = {"id": "c1", "firstName": "Ada", "lastName": "Byron"}
Call = Callable[[AsyncClient], Awaitable[Any]]


def create(crm: AsyncClient) -> Awaitable[Any]:
    """Make a contact."""
    return crm.contacts.create(first_name="Ada", last_name="Byron")


def create_two(crm: AsyncClient) -> Awaitable[Any]:
    """Make contacts in one request."""
    return crm.contacts.create_batch([ContactDraft(first_name="Ada", last_name="Byron")] * 2)


def update(crm: AsyncClient) -> Awaitable[Any]:
    """Change a contact."""
    return crm.contacts.update("c1", first_name="Ada")


def enroll(crm: AsyncClient) -> Awaitable[Any]:
    """Enroll somebody."""
    return crm.sequences.enroll("s1", contact_ids=["c1"])


def pause(crm: AsyncClient) -> Awaitable[Any]:
    """Pause somebody."""
    return crm.sequences.pause("s1", contact_ids=["c1"])


async def answered(sandbox: Sandbox, crm: AsyncClient, call: Call, body: Any, status: int = 200) -> Any:
    """What a call makes of a body, and that it was sent once."""
    sandbox.fail("*", status=status, body=json.dumps(body).encode())
    before = len(sandbox.requests)
    try:
        return await call(crm)
    finally:
        assert len(sandbox.requests) == before + 1


@pytest.mark.parametrize("trouble", [{"status": "error"}, {"status": "failed", "message": "no"}, {"code": 400}])
@pytest.mark.parametrize(
    "shown", [{"contact": ADA}, {"data": {"contact": ADA}}, {"data": [ADA]}, {"contactId": "c1"}, {"_id": "c1"}]
)
async def test_a_create_that_tells_an_id_is_one(
    sandbox: Sandbox, crm: AsyncClient, shown: dict[str, Any], trouble: dict[str, Any]
) -> None:
    """Whatever status stands beside it: of a mail, of a webhook. It is kept in `extra`."""
    row = await answered(sandbox, crm, create, {**shown, **trouble}, 201)
    assert row.id == "c1"
    assert {**row.extra, **trouble} == row.extra


@pytest.mark.parametrize(
    ("call", "body", "means"),
    [
        (enroll, {"enrolledCount": 3, "status": "failed"}, 3),
        (enroll, {"data": {"enrolled": 3}, "status": "error"}, 3),
        (enroll, {"enrolledCount": 0, "skipped": [{"contactId": "c1"}], "status": "failed"}, 0),
        (enroll, {"enrollments": [{"id": "e1"}], "status": "failed"}, None),
        (pause, {"pausedCount": 2, "code": 500}, 2),
    ],
)
async def test_a_result_that_tells_of_people_is_one(
    sandbox: Sandbox, crm: AsyncClient, call: Call, body: dict[str, Any], means: int | None
) -> None:
    """They are enrolled or paused, whatever else went wrong."""
    result = await answered(sandbox, crm, call, body)
    assert (result.enrolled_count if call is enroll else result.paused_count) == means


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (create, {"success": False, "error": "rate limit", "contact": ADA}),
        (create, {"id": "c1", "ok": False, "error": "HTTP 503"}),
        (update, {"contact": ADA, "status": "error", "message": "no"}),
        (update, {"contactId": "c1", "statusCode": 503}),
        (update, {"contact": ADA, "errors": ["the email is taken"]}),
        (enroll, {"success": False, "enrolled": 2}),
        (pause, {"success": False, "pausedCount": 1, "error": {"code": 429}}),
        (create_two, {"contacts": [ADA], "errors": ["too many requests"]}),
        (create_two, {"contacts": [ADA], "status": "failed"}),
        (create_two, [{"success": True, "data": ADA}, {"success": False, "error": "no such company"}]),
    ],
)
async def test_a_refusal_that_shows_what_was_done_is_open(
    sandbox: Sandbox, crm: AsyncClient, call: Call, body: Any
) -> None:
    """The write may have happened, in part at least: the error says so, and no retry repeats it."""
    with pytest.raises(BadRequestError, match="It also shows what a success does") as caught:
        await answered(sandbox, crm, call, body)
    assert caught.value.outcome_unknown
    assert "nothing was done" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (create, {"success": False, "error": "no", "data": {"email": "taken"}}),
        (create, {"status": "error", "error": {"id": "err_1", "message": "no"}}),
        (create, {"errors": [{"id": "err_1", "title": "no"}]}),
        (create_two, {"success": False, "error": "no", "contacts": []}),
        (enroll, {"success": False, "error": "the sequence is archived", "enrolled": 0}),
        (enroll, {"enrolledCount": 0, "status": "failed"}),
        (pause, {"status": "failed", "contactId": "c1"}),
    ],
)
async def test_a_refusal_that_shows_nothing_did_nothing(
    sandbox: Sandbox, crm: AsyncClient, call: Call, body: Any
) -> None:
    """Neither an error's own id nor what was sent is taken for something that was made."""
    with pytest.raises(APIStatusError, match="nothing was done") as caught:
        await answered(sandbox, crm, call, body)
    assert not caught.value.outcome_unknown


DELETES: list[Call] = [
    lambda crm: crm.sequences.unenroll("s1", "c1"),
    lambda crm: crm.sequences.steps.delete("s1", "p1"),
]


@pytest.mark.parametrize("delete", DELETES)
async def test_a_delete_that_was_refused_is_not_done(sandbox: Sandbox, crm: AsyncClient, delete: Call) -> None:
    """Whoever believes it goes on mailing somebody who was to be left alone."""
    with pytest.raises(APIStatusError, match="they have left") as caught:
        await answered(sandbox, crm, delete, {"success": False, "error": "they have left"})
    assert not caught.value.outcome_unknown
    sandbox.fail("*", status=200, body=b"<!doctype html><title>CRM</title>")
    with pytest.raises(DecodeError) as page:
        await delete(crm)
    assert page.value.outcome_unknown


@pytest.mark.parametrize("delete", DELETES)
@pytest.mark.parametrize("body", [{}, {"success": True}, "gone", None, {"id": "p1", "status": "failed"}, [1]])
async def test_whatever_else_answers_a_delete_is_a_success(
    sandbox: Sandbox, crm: AsyncClient, delete: Call, body: Any
) -> None:
    """Its status says all (A4)."""
    assert await answered(sandbox, crm, delete, body) is None


async def test_a_row_of_a_list_has_a_status_of_its_own(sandbox: Sandbox, crm: AsyncClient) -> None:
    """It is no word about the answer."""
    [row] = await answered(
        sandbox, crm, lambda crm: crm.zapier.contacts.list(), [{"_id": "c1", "status": "failed"}]
    )
    assert row.id == "c1"


async def test_a_strict_client_says_of_which_request(sandbox: Sandbox) -> None:
    """It takes no refusal from a success: that is a deviation."""
    async with client_of(sandbox, strict=True) as crm:
        with pytest.raises(DecodeError, match=r"^POST /api/agent/contacts: .*refusal.in_success") as caught:
            await answered(sandbox, crm, create, {"success": False, "error": "no"})
    assert caught.value.outcome_unknown
