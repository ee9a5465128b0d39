"""The demo from the first contact to the last line of the books."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from impactive_async import AsyncClient, ContactDraft
from impactive_async.cli.demo.cast import SEQUENCE, STEPS
from impactive_async.cli.demo.reconcile import Account
from impactive_async.cli.demo.screen import Screen
from impactive_async.cli.demo.story import START, Story
from impactive_async.sandbox import Sandbox


async def play(people: Sequence[ContactDraft], *, seed: str, console: Console) -> list[Account]:
    """Play the demo on a sandbox of its own; returns the books.

    Raises:
        ConsumerDiedError: The consumer ended although nobody killed it.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="impactive-demo-") as folder, Screen(console) as screen:
        async with (
            Sandbox(seed, now=START, populate=False) as sandbox,
            AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm,
        ):
            story = await _set_the_scene(sandbox, crm, people, Path(folder) / "cursors.db", screen)
            accounts = await story.tell()
        screen.close()
        _close_the_books(screen, story, accounts, time.monotonic() - began)
    return accounts


async def _set_the_scene(
    sandbox: Sandbox, crm: AsyncClient, drafts: Sequence[ContactDraft], store: Path, screen: Screen
) -> Story:
    screen.headline(
        "A week of an email sequence, on a sandbox of its own: no account, and no mail leaves this machine."
    )
    people = await _create(crm, drafts)
    sequence = await crm.sequences.create(name=SEQUENCE, steps=STEPS)
    screen.tell(
        None, f"{len(people):,} contacts and the sequence “{sequence.name}” are created: {len(STEPS)} emails each"
    )
    return Story(
        sandbox=sandbox,
        crm=crm,
        sequence_id=sequence.id,
        people=people,
        store=store,
        screen=screen,
    )


async def _create(crm: AsyncClient, drafts: Sequence[ContactDraft]) -> dict[str, ContactDraft]:
    report = await crm.contacts.create_many(drafts, keep_results=True)
    report.raise_for_failures()
    return {row.contact_id: drafts[row.index] for row in report.results or () if row.contact_id}


def _close_the_books(screen: Screen, story: Story, accounts: Sequence[Account], seconds: float) -> None:
    screen.headline("\nThe books: what the sandbox did, and what arrived\n")
    screen.settle(accounts)
    missing, twice = sum(a.missing for a in accounts), sum(a.duplicated for a in accounts)
    good = all(account.balanced for account in accounts)
    screen.headline("")
    screen.tell(
        None,
        f"{missing} missing, {twice} duplicated, {story.ledger.gaps} gaps reported; six days in {seconds:.1f} s",
        style="bold green" if good else "bold red",
    )
    if story.ledger.repeated:
        screen.tell(
            None,
            f"{story.ledger.repeated} rows came again after the kill: handled, but not yet saved as handled. That "
            "is at-least-once; their ids tell.",
        )
    screen.tell(None, "Next: `impactive sandbox` serves such a workspace to your own program.", style="dim")
