"""What a client makes of a profile, and what it adds to one."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import impactive_async.sandbox.dialect.profile.named as named
from impactive_async import AsyncClient, ConfigurationError, ContactDraft, Profile
from impactive_async.cli.doctor.profiling import profile_of
from impactive_async.feeds.cursor.timestamps import HOUR, SECOND
from impactive_async.resources.watching.lists import LISTS
from impactive_async.sandbox import DIALECTS, Sandbox
from tests.cli.doctor.workspaces import examined, fill

NAMED = Path(next(iter(named.__path__)))


def client(sandbox: Sandbox, profile: Profile | None = None, **options: Any) -> AsyncClient:
    return AsyncClient(sandbox.api_key, base_url=sandbox.url, profile=profile, **options)


async def use(crm: AsyncClient) -> None:
    """Read every list, and write a little."""
    sequence = (await crm.sequences.list())[0]
    contact = (await crm.contacts.list())[0]
    await crm.zapier.auth_test()
    await crm.sequences.get(sequence.id)
    await crm.sequences.enrollments(sequence.id)
    await crm.sequences.sends(sequence.id)
    await crm.sequences.replies(sequence.id)
    for of_workspace in (crm.bookings, crm.zapier.companies, crm.zapier.contacts, crm.zapier.deals):
        await of_workspace.list()
    await crm.zapier.invoices.list()
    await crm.zapier.projects.list()
    await crm.contacts.update(contact.id, title="Countess")
    await crm.sequences.enroll(sequence.id, contact_ids=[contact.id])
    await crm.sequences.pause(sequence.id, contact_ids=[contact.id])


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_profile_says_is_no_deviation(dialect: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the profile of its dialect, everything that is used of a service is counted and warned of nowhere."""
    async with Sandbox(dialect=dialect, reply_rate=0.5) as sandbox:
        await fill(sandbox)
        async with client(sandbox, Profile.load(NAMED / f"{dialect}.json")) as crm:
            with caplog.at_level(logging.WARNING, "impactive_async.contract"):
                await use(crm)
            assert crm.stats().deviations == {}
            assert [one for one in caplog.records if one.name == "impactive_async.contract"] == []


@pytest.mark.parametrize("dialect", ["numbers", "noun", "express"])
async def test_what_doctor_saves_is_enough_for_the_client(dialect: str) -> None:
    """A profile that reading alone has learnt leaves no deviation of rows, lists or verbs."""
    async with Sandbox(dialect=dialect, reply_rate=0.5) as sandbox:
        await fill(sandbox)
        async with client(sandbox, profile_of(await examined(sandbox))) as crm:
            await use(crm)
            assert [name for name in crm.stats().deviations if not name.startswith("result")] == []


async def test_the_verb_of_a_profile_is_used_from_the_first_update_on() -> None:
    """No update is sent with PATCH to a service that is known to take PUT."""
    async with Sandbox(dialect="express") as sandbox:
        contact = sandbox.state.rows("contacts")[0]
        async with client(sandbox, Profile.load(NAMED / "express.json")) as crm:
            await crm.contacts.update(contact.id, title="Countess")
    assert [request.method for request in sandbox.requests] == ["PUT"]


async def test_ids_are_sent_as_the_profile_says() -> None:
    """A client that has read no row yet sends numbers to a service that takes nothing else."""
    strict = {**json.loads((NAMED / "numbers.json").read_text()), "ids_as_text": False}
    async with Sandbox(profile=strict) as sandbox:
        company = sandbox.state.rows("companies")[0]
        async with client(sandbox, Profile.from_document(strict)) as crm:
            created = await crm.contacts.create(first_name="Ada", last_name="Byron", company_id=str(company.id))
    assert created.company_id == str(company.id)


async def test_a_client_learns_what_it_was_not_told() -> None:
    """`crm.profile` is what was given, and what answers have taught since."""
    given = Profile(name="ours", operations={"*": {"lag": 5}})
    async with Sandbox(dialect="express") as sandbox, client(sandbox, given) as crm:
        assert crm.profile == given
        await crm.contacts.update(sandbox.state.rows("contacts")[0].id, title="Countess")
        assert crm.profile.settings("sequences.update") == {"lag": 5, "update_verb": "PUT"}
        assert crm.profile.name == "ours"
        assert Profile.from_document(crm.profile.as_document()) == crm.profile
    async with Sandbox(dialect="numbers") as sandbox, client(sandbox) as crm:
        assert crm.profile == Profile()
        await crm.contacts.list()
        assert crm.profile.numbered("contacts")
        assert not crm.profile.numbered("sends")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_client_has_learnt_is_enough_for_the_next_one(dialect: str, tmp_path: Path) -> None:
    """Its profile, written and read again, leaves nothing to be counted or warned of."""
    async with Sandbox(dialect=dialect, reply_rate=0.5) as sandbox:
        await fill(sandbox)
        async with client(sandbox) as crm:
            await use(crm)
            crm.profile.save(tmp_path / "learnt.json")
        learnt = Profile.load(tmp_path / "learnt.json")
        async with client(sandbox, learnt) as crm:
            await use(crm)
            assert crm.stats().deviations == {}
            assert crm.profile == learnt


async def test_a_client_learns_the_caps_of_lists_that_say_that_they_have_more() -> None:
    """The longest answer counts, and one that was asked for with a limit does not."""
    async with Sandbox(dialect="small-pages") as sandbox, client(sandbox) as crm:
        for number in range(30):
            sandbox.state.add_project(f"Project {number}")
        await crm.zapier.projects.list()
        await crm.contacts.list(limit=1)
        assert crm.profile.operations == {"zapier.projects.list": {"cap": 25}}
        assert crm.profile.deviations() == {"list.envelope"}


async def test_batches_are_no_larger_than_the_profile_says() -> None:
    """`create_many` and `enroll_many` send at most `largest_batch` rows at once."""
    document = {"profile": 1, "operations": {"*": {"largest_batch": 7}}}
    async with Sandbox(profile=document) as sandbox:
        sequence = sandbox.state.create_sequence("Welcome")
        async with client(sandbox, Profile.from_document(document)) as crm:
            report = await crm.contacts.create_many(
                ContactDraft(first_name=f"First{n}", last_name="Last") for n in range(20)
            )
            ids = [row.id for row in sandbox.state.rows("contacts")][:20]
            await crm.sequences.enroll_many(sequence.id, ids)
    assert report.created == 20
    writes = [request for request in sandbox.requests if request.method == "POST"]
    assert [request.status for request in writes] == [201] * 6


def test_feeds_take_lag_precision_and_cap_from_the_profile() -> None:
    """The overlap is at least the lag, the tick the coarser of what is printed and compared, the cap as known."""
    profile = Profile(
        operations={
            "*": {"lag": 90},
            "zapier.*": {"cap": 25, "time_precision": "seconds"},
            "sequences.sends": {"since_precision": "minutes", "time_precision": "microseconds", "cap": 50},
            "bookings.list": {"cap": 10},
        }
    )
    crm = AsyncClient("icrm_" + "a" * 32, profile=profile)
    rules = {kind: LISTS[kind].source(crm._caller, *(["s"] if LISTS[kind].of_sequence else [])) for kind in LISTS}
    deals, sends, replies = rules["deals"].rules, rules["sends"].rules, rules["replies"].rules
    assert deals is not None and sends is not None and replies is not None  # noqa: PT018 - for type checkers
    assert (deals.overlap, deals.tick, deals.cap) == (90 * SECOND, SECOND, 25)
    assert (sends.overlap, sends.tick, sends.cap) == (90 * SECOND, 60 * SECOND, 50)
    assert replies.overlap == HOUR
    assert rules["bookings"].cap == 10


def test_every_list_has_the_name_that_profiles_give_it() -> None:
    """The names of the operations are those of docs/profile.md."""
    page = (Path(__file__).parents[2] / "docs" / "profile.md").read_text()
    for followed in LISTS.values():
        assert f"`{followed.operation}`" in page


async def test_since_is_asked_in_the_zone_that_the_service_reads_it_in() -> None:
    """A service that ignores offsets and reads local time shows a feed every row once."""
    document = {"profile": 1, "operations": {"*": {"since_zone": "America/New_York"}}}
    async with Sandbox(profile=document) as sandbox, client(sandbox, Profile.from_document(document)) as crm:
        for hours in range(2, 22):  # a feed that knows few rows asks for all of them, without `since`
            sandbox.state.add("deals", {"name": "Old"}, at=sandbox.clock.now() - timedelta(hours=hours))
        first = await crm.zapier.deals.watch().poll()
        sandbox.state.add("deals", {"name": "New"}, at=sandbox.clock.now())
        again = await crm.zapier.deals.watch().poll(first.cursor)
    assert (len(first.rows), [row.name for row in again.rows]) == (25, ["New"])
    since = [request.query.get("since", "") for request in sandbox.requests][1:]
    assert [text[-6:] for text in since] == ["-04:00"]


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`IMPACTIVE_PROFILE` is read where no profile is given; a file that will not do is refused at once."""
    Profile(name="ours").save(tmp_path / "profile.json")
    monkeypatch.setenv("IMPACTIVE_PROFILE", str(tmp_path / "profile.json"))
    key = "icrm_" + "a" * 32
    assert AsyncClient(key).profile.name == "ours"
    assert AsyncClient(key, profile=Profile(name="mine")).profile.name == "mine"
    monkeypatch.setenv("IMPACTIVE_PROFILE", str(tmp_path / "none.json"))
    with pytest.raises(ConfigurationError, match=r"none\.json"):
        AsyncClient(key)


def test_a_profile_is_a_profile() -> None:
    """A path, or the document of one, is refused with what to do."""
    with pytest.raises(ConfigurationError, match=r"Profile\.load"):
        AsyncClient("icrm_" + "a" * 32, profile="profile.json")  # type: ignore[arg-type]
