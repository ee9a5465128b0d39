"""The fixtures that users get for their own tests: used here, and installed as users have them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import impactive_async.pytest_plugin
from impactive_async import AsyncClient
from impactive_async.pytest_plugin import MakeSandbox, SandboxTime
from impactive_async.sandbox import DEFAULT_NOW, Sandbox
from tests.support import PATIENCE

SCOPED = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
LEAP_DAY = datetime(2028, 2, 29, tzinfo=UTC)

USERS_TESTS = """
import pytest
{mark}

async def test_one(impactive_client, impactive_sandbox):
    ada = await impactive_client.contacts.create(first_name="Ada", last_name="Lovelace")
    assert impactive_sandbox.state.get("contacts", ada.id).fields["firstName"] == "Ada"

@pytest.mark.impactive(populate=False)
async def test_two(impactive_client):
    assert await impactive_client.contacts.list() == []

async def test_three(make_impactive_sandbox):
    one, two = await make_impactive_sandbox(), await make_impactive_sandbox(seed="other")
    assert one.url != two.url and one.api_key != two.api_key
"""


async def test_client_and_sandbox_belong_together(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox
) -> None:
    """What the client is asked for is answered by the test's sandbox."""
    await impactive_client.zapier.auth_test()
    assert [request.route for request in impactive_sandbox.requests] == ["GET /api/zapier/auth/test"]


@pytest.mark.impactive(seed="leap", now=LEAP_DAY)
async def test_the_marker_gives_options(impactive_sandbox: Sandbox) -> None:
    """Options of the marker reach the sandbox."""
    assert impactive_sandbox.clock.now() == LEAP_DAY
    assert impactive_sandbox.api_key == Sandbox("leap").api_key


@pytest.mark.impactive(populate=False)
class TestNested:
    @pytest.mark.impactive(now=LEAP_DAY)
    async def test_markers_add_up(self, impactive_sandbox: Sandbox) -> None:
        """A test has the options of its class as well as its own."""
        assert impactive_sandbox.clock.now() == LEAP_DAY
        assert impactive_sandbox.state.rows("contacts") == []

    @pytest.mark.impactive(populate=True)
    async def test_the_nearest_marker_wins(self, impactive_sandbox: Sandbox) -> None:
        """Where two markers differ, the test's own counts."""
        assert impactive_sandbox.state.rows("contacts")


@pytest.mark.impactive(populate=False)
async def test_sandboxes_can_be_made(make_impactive_sandbox: MakeSandbox) -> None:
    """Any number of sandboxes with any options, over those of the marker, each with a port of its own."""
    one, two = await make_impactive_sandbox(), await make_impactive_sandbox(now=LEAP_DAY)
    assert one.url != two.url
    assert (one.clock.now(), two.clock.now()) == (DEFAULT_NOW, LEAP_DAY)
    assert [one.state.rows("contacts"), two.state.rows("contacts")] == [[], []]


async def test_waiting_takes_no_time(impactive_client: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """A `Retry-After` of a minute is over at once, and the sandbox's clock stands a minute later."""
    impactive_sandbox.fail("GET /api/zapier/auth/test", status=429, retry_after=60)
    async with asyncio.timeout(PATIENCE):
        await impactive_client.zapier.auth_test()
    assert (impactive_sandbox.clock.now() - DEFAULT_NOW).total_seconds() == 60


@pytest.mark.impactive(reply_rate=1)
@pytest.mark.impactive(populate="small")
async def test_a_feed_brings_what_is_due_while_it_waits(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox
) -> None:
    """Following a sequence makes its emails go out and their answers come in, at the feed's own pace."""
    state = impactive_sandbox.state
    sequence = state.create_sequence("Welcome")
    state.enroll(sequence.id, [state.rows("contacts")[0].id])
    async with asyncio.timeout(PATIENCE):
        reply = await anext(impactive_client.sequences.watch_replies(sequence.id))
    assert reply.id == state.replies[0].id
    assert len(impactive_sandbox.requests) > 1


async def test_sleepers_wake_in_the_order_of_their_alarms(impactive_sandbox: Sandbox) -> None:
    """Whoever waits for less goes on first, whoever began to wait first, and each at its own moment."""
    clock, woken = SandboxTime(impactive_sandbox.clock), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.monotonic())

    await asyncio.gather(sleep(60), sleep(2), sleep(3600), sleep(2), sleep(0))
    assert woken == [0, 2, 2, 60, 3600]


async def test_a_sleeper_that_is_cancelled_moves_no_clock(impactive_sandbox: Sandbox) -> None:
    """Time stands still when nobody waits any more, and no task is left."""
    clock = SandboxTime(impactive_sandbox.clock)
    impactive_sandbox.clock.schedule(DEFAULT_NOW, lambda: sleeping.cancel())
    sleeping = asyncio.create_task(clock.sleep(60))
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    await asyncio.sleep(0)
    assert clock.monotonic() == 0
    assert len(asyncio.all_tasks()) == 1


async def test_what_fails_as_time_passes_fails_the_sleepers(impactive_sandbox: Sandbox) -> None:
    """An event of the sandbox that raises is not lost in a task that nobody awaits."""
    clock = SandboxTime(impactive_sandbox.clock)
    impactive_sandbox.clock.schedule(DEFAULT_NOW + timedelta(seconds=1), lambda: 1 / 0)
    ends = await asyncio.gather(clock.sleep(60), clock.sleep(0.5), return_exceptions=True)
    assert [type(end) for end in ends] == [ZeroDivisionError, type(None)]


def run_pytest(folder: Path, mark: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `USERS_TESTS` in a folder that knows nothing of this project's own set-up.

    Plugins are named, because loading all that this project's tools bring along takes most of the time.
    `-p impactive` finds ours by its entry point, as loading all of them does.
    """
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_users.py").write_text(USERS_TESTS.format(mark=mark))
    command = [sys.executable, "-m", "pytest", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options, "-p", "impactive"],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("pytestmark = pytest.mark.asyncio", ("--asyncio-mode=strict", *SCOPED)),
        ("", ("-p", "xdist", "-n", "1", "--asyncio-mode=auto", *SCOPED)),
        ("pytestmark = pytest.mark.anyio\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'",
         ("-p", "anyio")),
    ],
    ids=["asyncio-strict", "asyncio-auto-xdist", "anyio"],
)  # fmt: skip
def test_it_is_installed(tmp_path: Path, mark: str, options: tuple[str, ...]) -> None:
    """Installing the package makes fixtures and marker known to pytest, whatever runs the async tests."""
    run = run_pytest(tmp_path, mark, *options)
    assert "3 passed" in run.stdout, run.stdout + run.stderr


def test_it_is_loaded_unasked() -> None:
    """The entry point is one of those that pytest loads by itself."""
    (ours,) = entry_points(group="pytest11", name="impactive")
    assert ours.load() is impactive_async.pytest_plugin


@pytest.mark.slow
def test_options_have_names(tmp_path: Path) -> None:
    """Positional options of the marker are refused with the way to write them."""
    run = run_pytest(tmp_path, "pytestmark = [pytest.mark.asyncio, pytest.mark.impactive('demo')]", *SCOPED)
    assert "the marker takes options by name only: impactive(seed=…, now=…)" in run.stdout
    assert "passed" not in run.stdout
