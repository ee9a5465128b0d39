"""`impactive forward`, as an operator runs it: against a sandbox, a receiver, and everything that can be wrong."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import define

from impactive_async.hub import SqliteHub
from impactive_async.sandbox import Sandbox
from impactive_async.webhooks import WebhookSecret, webhook_id
from tests.cli.support import PATIENCE, command_line, environment, invoke
from tests.forward.receiver import SECRET, Receiver, about, answering, log, receiving

pytestmark = pytest.mark.slow


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def workspace() -> AsyncIterator[dict[str, str]]:
    """What a program needs to find the sandbox and the secret."""
    async with Sandbox("forward") as sandbox:
        yield {
            "IMPACTIVE_BASE_URL": sandbox.url,
            "IMPACTIVE_API_KEY": sandbox.api_key,
            "IMPACTIVE_WEBHOOK_SECRET": SECRET.reveal(),
        }


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[SqliteHub]:
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.init()
        yield hub


@define
class Program:
    process: asyncio.subprocess.Process

    async def row(self, event: str) -> dict[str, Any]:
        """The next report of a kind."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            while line := await self.process.stdout.readline():
                row: dict[str, Any] = json.loads(line)
                if row["event"] == event:
                    return row
        raise AssertionError((await self.end())[1])

    async def told(self, begin: str) -> str:
        """The rest of the next line on stderr that begins so."""
        assert self.process.stderr
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stderr.readline()).decode():
                if line.startswith(begin):
                    return line.removeprefix(begin).strip()
        raise AssertionError(f"nothing was said of {begin}")

    async def end(self, number: signal.Signals | None = None) -> tuple[int | None, str]:
        if number:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            _, err = await self.process.communicate()
        return self.process.returncode, err.decode()


@asynccontextmanager
async def program(directory: Path, env: dict[str, str], *arguments: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *command_line("forward", *arguments, "--json"),
        cwd=directory,
        env=environment(env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_one_command_is_all(
    workspace: dict[str, str], receiver: Receiver, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """It polls the workspace, delivers each row, and ends in good order; another start delivers nothing twice."""
    arguments = ("--to", receiver.url, "--kind", "deals", "--interval", "0.2")
    async with program(tmp_path, workspace, *arguments) as running:
        await receiver.until(lambda: len(receiver.accepted) == 5)
        row = await running.row("delivered")
        assert (row["destination"], row["status"], row["attempt"]) == ("webhook", 204, 1)
        assert row["id"] in {webhook_id(event.id) for event in receiver.accepted}
        ended = await running.end(number)
    assert ended[0] == code
    assert "Stopped: 5 delivered, 0 failed tries, 0 dead letters." in ended[1]
    assert {type(event.row).__name__ for event in receiver.accepted} == {"Deal"}
    async with program(tmp_path, workspace, *arguments) as running:
        await running.row("polled")
        await running.row("polled")
        await running.end(signal.SIGTERM)
    assert len(receiver.attempts) == 5


async def test_it_shows_what_it_delivers(workspace: dict[str, str], receiver: Receiver, tmp_path: Path) -> None:
    """Metrics, probes and a page on a port of its own, of polling and delivering in one."""
    arguments = ("--to", receiver.url, "--kind", "deals", "--interval", "0.2", "--listen", "127.0.0.1:0")
    async with program(tmp_path, workspace, *arguments) as running, aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(f"{url}{path}") as answer:
                return answer.status, await answer.text()

        url = await running.told("Listening on ")
        await receiver.until(lambda: len(receiver.accepted) == 5)
        for _ in range(5):
            await running.row("delivered")
        metrics = (await get("metrics"))[1]
        assert 'impactive_forward_deliveries_total{destination="webhook",outcome="delivered"} 5.0' in metrics
        assert 'impactive_forward_delivery_duration_seconds_count{destination="webhook"} 5.0' in metrics
        assert 'impactive_worker_polls_total{kind="deals",outcome="committed"}' in metrics
        assert 'impactive_hub_group_oldest_age_seconds{group="forward:webhook"}' in metrics
        assert await get("readyz") == (200, "ok\n")
        assert await get("livez") == (200, "ok\n")
        page = (await get(""))[1]
        assert "Impactive forwarder" in page
        assert '<td data-head="State">delivering</td>' in page
        await running.end(signal.SIGTERM)


async def test_dead_letters_are_listed_and_replayed(
    workspace: dict[str, str], receiver: Receiver, hub: SqliteHub, tmp_path: Path
) -> None:
    """With the reason, by their webhook-ids; what is replayed is delivered by the forwarder that runs."""
    url = f"sqlite:///{tmp_path}/hub.db"
    receiver.answer = answering(500)
    await log(hub, about(1), about(2))
    async with program(tmp_path, workspace, "--to", receiver.url, "--hub", url, "--retries", "0") as running:
        await running.row("dead")
        await running.row("dead")
        first, second = sorted(webhook_id(about(number).id) for number in (1, 2))
        listed = (await asyncio.to_thread(invoke, "forward", "dead", "--hub", url, "--json")).rows
        assert {row["id"] for row in listed} == {first, second}
        assert {row["reason"] for row in listed} == {"given up after 1 attempts: answered 500"}
        assert {row["subject"] for row in listed} == {"deals/deal_1", "deals/deal_2"}
        receiver.answer = answering(204)
        for arguments, count in (((first,), 1), (("--since", "1h"), 1), (("--all",), 0)):
            outcome = await asyncio.to_thread(invoke, "forward", "replay", *arguments, "--hub", url)
            assert f"Delivered again: {count}." in outcome.err
        await receiver.until(lambda: len(receiver.accepted) == 2)
        await running.end(signal.SIGTERM)


async def test_several_destinations_out_of_a_file(
    workspace: dict[str, str], receiver: Receiver, hub: SqliteHub, tmp_path: Path
) -> None:
    """Each with its own filter, secret and group; their dead letters are listed together."""
    (tmp_path / "second.secret").write_text(WebhookSecret(b"2" * 32).reveal())
    (tmp_path / "destinations.toml").write_text(
        f'[destinations.first]\nurl = "{receiver.url}"\nwhere = {{ n = [1, 3] }}\n'
        f'[destinations.second]\nurl = "{receiver.url}"\nsecret_file = "second.secret"\nretries = 0\n'
    )
    await log(hub, *map(about, range(4)))
    common = ("--config", "destinations.toml", "--hub", f"sqlite:///{tmp_path}/hub.db")
    async with program(tmp_path, workspace, *common) as running:
        await receiver.until(lambda: len(receiver.accepted) == 2)
        for _ in range(4):
            assert (await running.row("dead"))["destination"] == "second"  # the receiver has another secret
        await running.end(signal.SIGTERM)
    assert sorted(receiver.numbers()) == [1, 3]
    listed = await asyncio.create_subprocess_exec(
        *command_line("forward", "dead", *common, "--json"),
        cwd=tmp_path,
        env=environment(workspace),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await listed.communicate()
    assert [json.loads(line)["group"] for line in out.splitlines()] == ["forward:second"] * 4


async def test_a_receiver_that_is_gone_ends_the_command(
    workspace: dict[str, str], receiver: Receiver, hub: SqliteHub, tmp_path: Path
) -> None:
    """With an exit code of its own, for a part of the work is not done."""
    receiver.answer = answering(410)
    await log(hub, about(1))
    async with program(
        tmp_path, workspace, "--to", receiver.url, "--hub", f"sqlite:///{tmp_path}/hub.db"
    ) as running:
        await running.row("gone")
        assert (await running.end())[0] == 10


async def test_a_refused_key_ends_the_command(
    workspace: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    """The forwarder does not go on for ever beside a worker that has ended."""
    wrong = workspace | {"IMPACTIVE_API_KEY": "icrm_" + "0" * 32}
    async with program(tmp_path, wrong, "--to", receiver.url) as running:
        code, err = await running.end()
    assert code == 4
    assert "401" in err or "key" in err


@pytest.mark.parametrize(
    ("arguments", "env", "code", "match"),
    [
        ((), {}, 2, "--to"),
        (("--to", "https://a.example.com", "--config", "x.toml"), {}, 2, "--to"),
        (("--to", "https://a.example.com/hunter2"), {}, 3, "IMPACTIVE_WEBHOOK_SECRET"),
        (("--to", "https://a.example.com/hunter2"), {"IMPACTIVE_WEBHOOK_SECRET": "hunter2"}, 3, "base64"),
        (("--to", "https://a.example.com"), {"IMPACTIVE_WEBHOOK_SECRET": "aHVudGVyMg=="}, 3, "24 to 64 bytes"),
        (("--to", "https://a.example.com", "--secret-file", "gone"), {}, 3, "cannot be read"),
        (("--to", "hunter2 no url"), {"IMPACTIVE_WEBHOOK_SECRET": SECRET.reveal()}, 3, "no URL"),
        (("--to", "nats://h", "--kind", "leads"), {}, 2, "leads"),
        (("--to", "nats://h", "--where", "stage"), {}, 2, "--where 'stage'"),
        (("--to", "nats://h", "--public-only"), {}, 3, "public_only is for receivers by HTTP"),
        (("--to", "nats://h", "--listen", "127.0.0.1:" + "9" * 5000), {}, 2, "HOST:PORT"),
        (("--to", "nats://h", "--retries", "-1"), {}, 2, "retries"),
        (("--to", "nats://h", "--since", "2026-05-01"), {}, 2, "--since"),
        (("--to", "nats://h"), {}, 3, "No API key"),
        (("--to", "nats://h", "--hub", "sqlite:///gone.db"), {}, 3, "impactive hub init"),
        (("--config", "gone.toml"), {}, 3, "No such file"),
        (("--config", "gone.toml", "--kind", "deals"), {}, 2, "--kind is set for each destination, in the file"),
        (("--config", "gone.toml", "--retries", "14"), {}, 2, "--retries is set for each destination"),
        (("--config", "gone.toml", "--delivery-timeout", "5"), {}, 2, "--delivery-timeout is set for each"),
        (("replay", "--hub", "sqlite:///gone.db"), {}, 2, "--all"),
        (("replay", "msg_1", "--all"), {}, 2, "--all"),
        (("dead", "--hub", "sqlite:///gone.db"), {}, 3, "impactive hub init"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    arguments: tuple[str, ...],
    env: dict[str, str],
    code: int,
    match: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the code for it, before anything is sent or made; no secret and no path of a URL is shown."""
    monkeypatch.chdir(tmp_path)
    for name in ("IMPACTIVE_API_KEY", "IMPACTIVE_WEBHOOK_SECRET", "IMPACTIVE_HUB"):
        monkeypatch.delenv(name, raising=False)
    outcome = invoke("forward", *(arguments or ("run",)), env=env)
    assert outcome.code == code, outcome
    assert match in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert "hunter2" not in outcome.err
    assert "aHVudGVyMg" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_public_only_is_for_all_destinations_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write the file cannot leave it out."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "destinations.toml"
    for url in ("http://127.0.0.1:1/", "redis://127.0.0.1/0"):
        file.write_text(f'[destinations.a]\nurl = "{url}"\n')
        outcome = invoke(
            "forward", "--config", str(file), "--public-only", env={"IMPACTIVE_WEBHOOK_SECRET": SECRET.reveal()}
        )
        assert outcome.code == 3, outcome
        assert "public" in outcome.err


def test_a_secret_is_a_good_one() -> None:
    """And another one each time."""
    first, second = (invoke("forward", "secret").out.strip() for _ in range(2))
    assert first != second
    assert WebhookSecret.parse(first).reveal() == first


def test_unknown_dead_letters_are_named(tmp_path: Path) -> None:
    """A mistyped id is no success."""
    url = f"sqlite:///{tmp_path}/hub.db"
    assert invoke("hub", "init", "--hub", url).code == 0
    outcome = invoke("forward", "replay", "msg_1", "--hub", url)
    assert (outcome.code, "'msg_1' is no dead letter" in outcome.err) == (2, True)
