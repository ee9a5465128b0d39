"""SIGKILL at any moment: every row is handled at least once, and again only what the unsaved second holds."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impactive_async.feeds.delivery.checkpointer import SAVE_EVERY
from impactive_async.sandbox import Sandbox
from tests.feeds import killed_consumer
from tests.support import often

KILLS = often(8, 25)
AT_A_TIME = 60
UNSAVED = round(SAVE_EVERY / killed_consumer.ROW_SECONDS) + 1
"""Rows that may have been handled since the last save."""


class Victim:
    """A consumer in a process of its own. What it has told is read to the end, also after it was killed."""

    def __init__(self, main: Callable[..., None], *arguments: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.feeds.killed_consumer"])
        self._pipe, end = context.Pipe(duplex=False)
        self._process = context.Process(target=main, args=(end, *arguments), daemon=True)
        self._process.start()
        end.close()
        self.told: list[str] = []

    async def tell(self) -> str | None:
        """What it does next; `None` when it is dead."""
        try:
            word: Any = await asyncio.to_thread(self._pipe.recv)
        except EOFError:
            return None
        self.told.append(word)
        return str(word)

    async def kill_after(self, words: int, enough: set[str]) -> None:
        """Kill it when it has told so much, or all that is new; hear it out."""
        while len(self.told) < words and not enough <= set(self.told):
            assert await self.tell() is not None, "it died by itself"
        self._process.kill()
        while await self.tell() is not None:
            pass
        await asyncio.to_thread(self._process.join)
        self._pipe.close()


def send_some(sandbox: Sandbox, sequence: str, count: int) -> None:
    people = [sandbox.state.create_contact("P", "Q", email="p@example.com").id for _ in range(count)]
    sandbox.state.enroll(sequence, people)


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlite", "file"])
async def test_a_killed_consumer_loses_nothing(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    """However often and wherever it is killed, a restarted consumer goes on from its last save."""
    rng = random.Random(f"kill {kind}")
    sequence = sandbox.state.create_sequence("Welcome").id
    handled: list[str] = []
    saved = 0  # so many of them had been handled when a save began that was then done
    for kill in range(KILLS + 1):
        if kill % 5 == 0:
            send_some(sandbox, sequence, AT_A_TIME)
            await sandbox.clock.advance(minutes=5)
        victim = Victim(killed_consumer.main, sandbox.url, sandbox.api_key, sequence, kind, str(tmp_path))
        new = {one.id for one in sandbox.state.sends} - set(handled)
        words = rng.randint(1, 50) if kill < KILLS else 10_000
        await victim.kill_after(words, new)
        assert not set(handled[:saved]) & set(victim.told), "it repeated what had been saved"
        assert len(set(handled[saved:]) & set(victim.told)) <= UNSAVED
        saved = _count(victim.told, handled, saved)
    assert set(handled) == {one.id for one in sandbox.state.sends}


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
@pytest.mark.slow
@pytest.mark.thorough
async def test_a_consumer_killed_before_it_wrote_its_batch_loses_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """What was gathered and not written comes again; what is written twice was in the batch of the kill."""
    rng = random.Random("kill batches")
    sequence = sandbox.state.create_sequence("Welcome").id
    written: list[str] = []
    for kill in range(KILLS + 1):
        if kill % 5 == 0:
            send_some(sandbox, sequence, AT_A_TIME)
            await sandbox.clock.advance(minutes=5)
        victim = Victim(
            killed_consumer.main_in_batches, sandbox.url, sandbox.api_key, sequence, "sqlite", str(tmp_path)
        )
        new = {one.id for one in sandbox.state.sends} - set(written)
        await victim.kill_after(rng.randint(1, 50) if kill < KILLS else 10_000, new)
        ids = [word for word in victim.told if word != "gathered"]
        assert len(set(written) & set(ids)) <= killed_consumer.MOST_ROWS
        written += ids
    assert set(written) == {one.id for one in sandbox.state.sends}


def _count(told: list[str], handled: list[str], saved: int) -> int:
    """Enter what a victim told; return how many of all rows are surely saved."""
    begun = saved
    for word in told:
        if word == "saving":
            begun = len(handled)
        elif word == "saved":
            saved = max(saved, begun)
        else:
            handled.append(word)
    return saved
