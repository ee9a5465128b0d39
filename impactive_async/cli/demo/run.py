"""The demo from the first contact to the totals."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from impactive_async import AsyncClient, ContactDraft
from impactive_async.cli.demo.people import SEQUENCE, STEPS
from impactive_async.cli.demo.reconcile import Deliveries, Reconciliation
from impactive_async.cli.demo.scenario import START, Scenario
from impactive_async.cli.demo.screen import Screen
from impactive_async.sandbox import Sandbox


async def run_demo(people: Sequence[ContactDraft], *, seed: str, console: Console) -> list[Reconciliation]:
    """Run the demo on a sandbox of its own. Return the totals of each kind of row.

    Raises:
        ConsumerDiedError: The consumer ended by itself.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="impactive-demo-") as folder, Screen(console) as screen:
        async with (
            Sandbox(seed, now=START, populate=False) as sandbox,
            AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm,
        ):
            scenario = await _prepare(sandbox, crm, people, Path(folder) / "cursors.db", screen)
            totals = await scenario.run()
        screen.close()
        _show_result(screen, scenario.deliveries, totals, time.monotonic() - began)
    return totals


async def _prepare(
    sandbox: Sandbox, crm: AsyncClient, drafts: Sequence[ContactDraft], store: Path, screen: Screen
) -> Scenario:
    screen.headline(
        "A week of an email sequence, on a sandbox of its own: no account, and no mail leaves this machine."
    )
    people = await _create(crm, drafts)
    sequence = await crm.sequences.create(name=SEQUENCE, steps=STEPS)
    screen.tell(
        None, f"{len(people):,} contacts and the sequence “{sequence.name}” are created: {len(STEPS)} emails each"
    )
    return Scenario(
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


def _show_result(screen: Screen, deliveries: Deliveries, totals: Sequence[Reconciliation], seconds: float) -> None:
    screen.headline("\nThe books: what the sandbox did, and what arrived\n")
    screen.show_totals(totals)
    missing, twice = sum(one.missing for one in totals), sum(one.duplicated for one in totals)
    good = all(one.complete for one in totals)
    screen.headline("")
    screen.tell(
        None,
        f"{missing} missing, {twice} duplicated, {deliveries.gaps} gaps reported; six days in {seconds:.1f} s",
        style="bold green" if good else "bold red",
    )
    if deliveries.repeated:
        screen.tell(
            None,
            f"{deliveries.repeated} rows came again after the kill: handled, but not yet saved as handled. That "
            "is at-least-once; their ids tell.",
        )
    screen.tell(None, "Next: `impactive sandbox` serves such a workspace to your own program.", style="dim")
