"""`impactive worker` and `impactive hub`, as an operator runs them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from impactive_async.hub import Claim, SqliteHub
from impactive_async.hub.contract.versions import VERSION
from tests.cli.support import PATIENCE, Live, Outcome, command_line, environment, invoke, live_sandbox
from tests.hub.engines import corner_of, event
from tests.hub.versions.programs import OldSqlite

pytestmark = pytest.mark.slow


@pytest.fixture
def live() -> Iterator[Live]:
    with live_sandbox(seed="worker") as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/hub.db"


def worker(live: Live, hub: str, *options: str) -> subprocess.Popen[str]:
    arguments = ("worker", "--hub", hub, "--kind", "deals", "--interval", "0.2", *options)
    return subprocess.Popen(
        command_line(*arguments),
        env=environment(live.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Outcome:
    out, err = process.communicate(timeout=PATIENCE)
    return Outcome(process.returncode, out, err)


def line_with(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout
    return next(line for line in process.stdout if word in line)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_lets_a_worker_finish(live: Live, hub: str, number: signal.Signals, code: int) -> None:
    """SIGTERM drains and is a success to a supervisor, Ctrl-C drains too; what happened is an object a line."""
    process = worker(live, hub, "--json")
    polled = json.loads(line_with(process, '"polled"'))
    assert (polled["event"], polled["feed"], polled["events"]) == ("polled", "zapier/deals", 5)
    process.send_signal(number)
    outcome = ended(process)
    assert outcome.code == code
    assert outcome.rows[-1]["event"] == "draining"
    assert "Stopped: " in outcome.err


def test_a_worker_can_be_told_to_keep_an_email_of_each_sequence(live: Live, hub: str) -> None:
    """With --no-distinct the log has it once for each; --ignore is taken beside it."""
    person = live.state.rows("contacts")[0].id
    for name in "ab":
        live.state.enroll(live.state.create_sequence(name).id, [person])
    live.advance(hours=1)
    live.state.add_reply(person)
    process = worker(live, hub, "--kind", "replies", "--no-distinct", "--ignore", "view_count", "--json")
    assert process.stdout
    polled: dict[str, int] = {}
    while len(polled) < 3:  # the deals, and the replies of each sequence
        report = json.loads(line_with(process, '"polled"'))
        polled.setdefault(report["feed"], report["events"])
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["events"] == polled["zapier/deals"] + 2


def test_people_get_a_line_for_each_thing_that_happens(live: Live, hub: str) -> None:
    """On a terminal, or with --table, what happens is a line with the time, its kind, and a sentence."""
    live.sandbox.fail("GET /api/zapier/deals", status=503)
    process = worker(live, hub, "--table")
    assert re.match(
        r"\d\d:\d\d:\d\dZ  failed +zapier/deals: failed \(1 in a row\), again in", line_with(process, "503")
    )
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


def test_a_refused_key_is_one_sentence(live: Live, hub: str) -> None:
    """A key that is revoked while a worker works ends it with the code for that, and says what to do."""
    process = worker(live, hub, "--json")
    line_with(process, '"polled"')
    live.sandbox.revoke_key()
    outcome = ended(process)
    assert outcome.code == 4
    (sentence,) = outcome.err.splitlines()
    assert "401" in sentence or "key" in sentence.lower()


def test_a_worker_without_a_key_makes_no_hub(hub: str, tmp_path: Path) -> None:
    """What is wrong with the set-up is said before anything is created."""
    outcome = invoke("worker", "--hub", hub)
    assert outcome.code == 3
    assert "IMPACTIVE_API_KEY" in outcome.err
    assert not (tmp_path / "hub.db").exists()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--since", "yesterday"), 2, "--since is `now`"),
        (("--hub", "mysql://x"), 3, "does not begin as one of a hub"),
        (("--interval", "0"), 2, "interval"),
        (("--kind", "leads"), 2, "leads"),
    ],
)
def test_wrong_options_say_what_would_do(
    live: Live, hub: str, options: tuple[str, ...], code: int, said: str
) -> None:
    """A wrong option is refused with its reason, and nothing is asked of the API."""
    outcome = live.cli("worker", "--hub", hub, *options)
    assert outcome.code == code
    assert said in outcome.err
    assert not live.sandbox.requests


def prepared(hub: str) -> None:
    """A hub with one dead feed, and one old event that its only group has acknowledged."""

    async def prepare() -> None:
        async with SqliteHub(hub.removeprefix("sqlite:///")) as opened:
            await opened.add("zapier/deals")
            claim: Any = await opened.claim(60)
            assert isinstance(claim, Claim)
            await opened.commit(claim, "1", [event(1)], 0)
            for delivery in await opened.receive("billing"):
                await delivery.ack()
            claim = await opened.claim(60)
            await opened.fail(claim, "gone for good", None)

    asyncio.run(prepare())


def test_a_dead_feed_is_seen_and_revived(hub: str) -> None:
    """`status` shows what died and of what, `revive` makes it due; a second time it is not dead."""
    prepared(hub)
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["dead"] == [{"feed": "zapier/deals", "failures": 1, "error": "gone for good"}]
    assert "gone for good" in invoke("hub", "status", "--hub", hub, "--table").out
    assert invoke("hub", "revive", "zapier/deals", "--hub", hub).code == 0
    assert invoke("hub", "revive", "zapier/deals", "--hub", hub).code == 2
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert (status["dead_count"], status["due"]) == (0, 1)


def test_status_says_up_to_when_feeds_are_complete_when_asked(hub: str) -> None:
    """It is read from every feed's cursor, so only with --coverage."""
    prepared(hub)
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["coverage"] == []
    (status,) = invoke("hub", "status", "--coverage", "--hub", hub, "--json").rows
    assert [(one["feed"], one["complete_until"]) for one in status["coverage"]] == [("zapier/deals", None)]
    assert "unknown" in invoke("hub", "status", "--coverage", "--hub", hub, "--table").out.lower()


def test_all_dead_feeds_are_revived_at_once(hub: str) -> None:
    """`revive --all` puts every dead feed to work; without a name or --all, or with both, it does nothing."""
    prepared(hub)
    for wrong in ((), ("zapier/deals", "--all")):
        assert invoke("hub", "revive", *wrong, "--hub", hub).code == 2
    assert "1 dead feeds" in invoke("hub", "revive", "--all", "--hub", hub).err
    assert "0 dead feeds" in invoke("hub", "revive", "--all", "--hub", hub).err
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["dead_count"] == 0


def test_a_feed_is_removed_and_its_events_are_not(hub: str) -> None:
    """`remove` forgets one feed; a name that no feed has is a mistake that is told."""
    prepared(hub)
    assert invoke("hub", "remove", "zapier/deals", "--hub", hub).code == 0
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert (status["feeds"], status["events"]) == (0, 1)
    again = invoke("hub", "remove", "zapier/deals", "--hub", hub)
    assert again.code == 2
    assert "no feed 'zapier/deals'" in again.err


def test_a_group_is_dropped(hub: str) -> None:
    """`drop-group` ends what the log is kept for; a name that no group has is a mistake that is told."""
    prepared(hub)
    assert invoke("hub", "drop-group", "billing", "--hub", hub).code == 0
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["groups"] == []
    assert invoke("hub", "drop-group", "billing", "--hub", hub).code == 2


def test_the_limit_is_seen_and_changed(live: Live, hub: str) -> None:
    """`status` shows the limit that the workers keep, `limit` changes it, and a worker with another is refused."""
    process = worker(live, hub, "--json", "--rate-limit", "50")
    line_with(process, '"polled"')
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["rate_limit"] == 50.0
    assert invoke("hub", "limit", "40", "--hub", hub).code == 0
    other = live.cli("worker", "--hub", hub, "--rate-limit", "50")
    assert other.code == 3
    assert "`impactive hub limit 50`" in other.err
    assert invoke("hub", "limit", "fast", "--hub", hub).code == 2
    assert invoke("hub", "limit", "-1", "--hub", hub).code == 2
    assert "no limit" in invoke("hub", "limit", "none", "--hub", hub).err
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


def test_two_workspaces_do_not_share_a_hub(live: Live, hub: str) -> None:
    """A worker with the key of another workspace is refused with what to do, and adds nothing."""
    process = worker(live, hub, "--json")
    line_with(process, '"polled"')
    process.send_signal(signal.SIGTERM)
    ended(process)
    with live_sandbox(seed="another") as other:
        outcome = other.cli("worker", "--hub", hub, "--kind", "companies")
    assert outcome.code == 3
    assert "another file" in outcome.err
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["feeds"] == 1


def test_a_copy_of_a_workspace_is_refused_until_it_is_said_to_be_the_same(live: Live, hub: str) -> None:
    """The same id at another address has other rows, unless an operator knows better."""
    process = worker(live, hub, "--json")
    line_with(process, '"polled"')
    process.send_signal(signal.SIGTERM)
    ended(process)
    with live_sandbox(seed="worker") as copy:  # the seed that `live` has
        refused = copy.cli("worker", "--hub", hub, "--kind", "companies")
        assert refused.code == 3
        assert "impactive hub move" in refused.err
        moved = copy.cli("hub", "move", "--hub", hub)
        assert moved.code == 0
        assert copy.sandbox.url in moved.err
        again = worker(copy, hub, "--json")
        line_with(again, '"polled"')
        again.send_signal(signal.SIGTERM)
        ended(again)
    with live_sandbox(seed="another") as other:
        outcome = other.cli("hub", "move", "--hub", hub)
    assert outcome.code == 3
    assert "not become another workspace's" in outcome.err


@pytest.mark.parametrize(
    "command",
    [
        ("status",), ("events", "--group", "billing"), ("revive", "--all"), ("remove", "zapier/deals"),
        ("trim",), ("limit", "5"), ("drop-group", "billing"),
    ],
)  # fmt: skip
def test_a_mistyped_file_is_no_hub(hub: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    """What looks at a hub, or changes it, says how to make one where there is none, and makes none."""
    outcome = invoke("hub", *command, "--hub", hub)
    assert outcome.code == 3
    assert "impactive hub init" in outcome.err
    assert list(tmp_path.iterdir()) == []


def reading(url: str) -> Outcome:
    return invoke("hub", "events", "--group", "billing", "--hub", url, "--namespace", "never_made")


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_reading_waits_for_no_hub_that_was_not_made(engine: str, tmp_path: Path) -> None:
    """A mistyped namespace is told at once: a log that is never written would be read for ever."""
    async with corner_of(engine, tmp_path) as corner:
        outcome = await asyncio.to_thread(reading, corner.url)
    assert outcome.code == 3
    assert "impactive hub init" in outcome.err


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
def test_reading_waits_for_no_engine_that_was_never_there(scheme: str, unused_tcp_port: int) -> None:
    """A mistyped host or port is told after a few tries; only an engine that was there is waited for."""
    outcome = reading(f"{scheme}://127.0.0.1:{unused_tcp_port}/0")
    assert outcome.code == 9
    assert "Connect call failed" in outcome.err


def test_trim_deletes_what_is_old_and_acknowledged(hub: str) -> None:
    """`trim` keeps events for as long as it is told, and says how many it deleted."""
    prepared(hub)
    assert "0 events" in invoke("hub", "trim", "--hub", hub).err
    assert "1 events" in invoke("hub", "trim", "--hub", hub, "--retention", "0").err


def test_an_upgrade_is_said_before_it_is_done(hub: str) -> None:
    """`init` refuses an older hub and names the way; `--upgrade` says what it changes, and does it."""
    asyncio.run(OldSqlite(hub.removeprefix("sqlite:///")).make())
    refused = invoke("hub", "init", "--hub", hub)
    assert refused.code == 3
    assert "impactive hub init --upgrade" in refused.err
    done = invoke("hub", "init", "--hub", hub, "--upgrade")
    assert done.code == 0
    lines = done.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *(f"Upgrading the hub to version {number}" for number in range(2, VERSION + 1)),
        "Ready",
    ]
    assert "Upgrading" not in invoke("hub", "init", "--hub", hub, "--upgrade").err


def dead(hub: str) -> None:
    """A hub with two dead letters of one group."""

    async def prepare() -> None:
        async with SqliteHub(hub.removeprefix("sqlite:///")) as opened:
            await opened.add("a")
            claim: Any = await opened.claim(60)
            await opened.commit(claim, "1", [event(1), event(2)], 0)
            for delivery in await opened.receive("billing"):
                await delivery.reject("no such type")

    asyncio.run(prepare())


def test_dead_letters_are_listed_replayed_and_dropped(hub: str) -> None:
    """Each with its position and reason, by which some are chosen; or all of a group at once."""
    dead(hub)
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["groups"][0]["dead_letters"] == 2
    chosen = ("--hub", hub, "--group", "billing")
    first, _ = invoke("hub", "dead-letters", *chosen, "--json").rows
    assert (first["reason"], first["deliveries"], first["event"]["id"]) == ("no such type", 1, event(1).id)
    assert "no such type" in invoke("hub", "dead-letters", *chosen, "--table").out
    assert "Delivered again of billing: 1 dead letter." in invoke("hub", "replay", first["position"], *chosen).err
    (again,) = invoke("hub", "events", *chosen, "--count", "1").rows
    assert again["id"] == event(1).id
    assert "Forgotten of billing: 1 dead letter." in invoke("hub", "drop", "--all", *chosen).err
    assert invoke("hub", "dead-letters", *chosen, "--json").rows == []


@pytest.mark.parametrize("chosen", [(), ("--all", "1-2"), ("first",)])
@pytest.mark.parametrize("command", ["replay", "drop"])
def test_dead_letters_are_chosen_clearly(hub: str, command: str, chosen: tuple[str, ...]) -> None:
    """Neither none nor both nor a mistyped position: each is an error of usage, and nothing happens."""
    dead(hub)
    assert invoke("hub", command, *chosen, "--hub", hub, "--group", "billing").code == 2
    (status,) = invoke("hub", "status", "--hub", hub, "--json").rows
    assert status["groups"][0]["dead_letters"] == 2


def test_init_may_be_repeated(hub: str) -> None:
    """`init` makes a hub and leaves one that is there as it is."""
    assert invoke("hub", "init", "--hub", hub).code == 0
    prepared(hub)
    again = invoke("hub", "init", "--hub", hub)
    assert again.code == 0
    assert "1 feeds, 1 events" in again.err


def test_a_worker_shows_itself_on_a_port_and_in_a_file(live: Live, hub: str, tmp_path: Path) -> None:
    """It says where it listens, answers there, and keeps the file."""
    file = tmp_path / "health"
    process = worker(live, hub, "--listen", "127.0.0.1:0", "--health-file", str(file))
    assert process.stderr
    note = next(line for line in process.stderr if "Listening on " in line)
    line_with(process, '"polled"')
    url = note.removeprefix("Listening on ").strip()
    with urlopen(f"{url}readyz", timeout=PATIENCE) as answer:
        assert answer.read() == b"ok\n"
    with urlopen(f"{url}metrics", timeout=PATIENCE) as answer:
        assert b"impactive_hub_up 1.0" in answer.read()
    assert file.read_text().partition(":")[0] in {"ready\n", "not ready"}
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--listen", "9464"), "'9464' is not HOST:PORT, as in 127.0.0.1:9464."),
        (("--listen", "127.0.0.1:99999"), "'127.0.0.1:99999' is not HOST:PORT, as in 127.0.0.1:9464."),
        (("--listen", "192.0.2.1:9464"), "Cannot listen on 192.0.2.1:9464"),
        (("--allow-actions",), "--allow-host and --blocked-after are about --listen HOST:PORT, which is missing"),
        (("--blocked-after", "5"), "--blocked-after are about --listen HOST:PORT, which is missing"),
        (("--listen", "127.0.0.1:0", "--allow-actions"), "put one into IMPACTIVE_ACTIONS_TOKEN, or into a file"),
        (
            ("--listen", "127.0.0.1:0", "--allow-actions", "--token-file", "/dev/null/token"),
            "Cannot read /dev/null/token: Not a directory.",
        ),
        (
            ("--listen", "127.0.0.1:0", "--allow-actions", "--token-file", "/dev/null"),
            "--allow-actions needs a token",
        ),
        (
            ("--listen", "127.0.0.1:0", "--token-file", "token"),
            "A token alone allows nothing: give --allow-actions",
        ),
        (("--listen", "127.0.0.1:0", "--allow-host", "http://ops"), "'http://ops' is no host's name"),
        (("--health-file", "/dev/null/health"), "Cannot write /dev/null/health: Not a directory."),
    ],
)
def test_a_port_or_file_that_cannot_be_used_is_one_sentence(
    live: Live, hub: str, options: tuple[str, ...], sentence: str
) -> None:
    """Nothing is polled before it is known."""
    outcome = live.cli("worker", "--hub", hub, *options)
    assert outcome.code == 2
    assert sentence in outcome.err


def test_a_port_without_the_extra_is_one_sentence(live: Live, hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what to install; nothing is polled."""
    for name in ("prometheus_client", "impactive_async.operations.server", "impactive_async.operations.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    outcome = live.cli("worker", "--hub", hub, "--listen", "127.0.0.1:0")
    assert outcome.code == 2
    assert "pip install 'impactive-async[metrics]'" in outcome.err
