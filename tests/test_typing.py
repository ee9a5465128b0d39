"""What a type checker sees of the API: nothing to complain of, and precise types, without a plugin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

USAGE = Path(__file__).parent / "typing" / "api_usage.py"

REVEALED = {
    "await crm.contacts.list()": "list[Contact]",
    "await crm.contacts.create(first_name='A', last_name='B')": "Contact",
    "(await crm.contacts.list())[0].email": "str | None",
    "await crm.sequences.get('seq')": "Sequence",
    "(await crm.sequences.get('seq')).status": "str | None",  # every status is a string
    "(await crm.sequences.get('seq')).steps": "tuple[Step, ...] | None",
    "await crm.sequences.enroll('seq', contact_ids=['c'])": "EnrollResult",
    "await crm.sequences.enrollments('seq')": "list[Enrollment]",
    "await crm.sequences.sends('seq')": "list[Send]",
    "await crm.sequences.replies('seq')": "list[Reply]",
    "await crm.bookings.list()": "list[Booking]",
    "await crm.zapier.deals.list()": "list[Deal]",
    "(await crm.zapier.deals.list())[0].value": "Decimal | None",
    "await crm.zapier.invoices.list()": "list[Invoice]",
    "await crm.zapier.projects.list()": "list[Project]",
    "crm.sequences.watch_replies('seq')": "Feed[Reply]",
    "crm.zapier.deals.watch()": "Feed[Deal]",
    "[row async for row in crm.zapier.deals.watch()]": "list[Deal]",
}


def test_the_api_as_users_write_it(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """What is right passes strictly, what is wrong is refused on its line, the main calls reveal rows."""
    probe = tmp_path / "probe.py"
    reveals = [f"    reveal_type({expression})" for expression in REVEALED]
    probe.write_text("\n".join([USAGE.read_text(), "async def reveal(crm: AsyncClient) -> None:", *reveals, ""]))
    kept: pytest.Cache | None = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("mypy") if kept else tmp_path / "mypy"  # where it is kept it is slow only once
    said, crashed, _ = api.run(["--strict", "--config-file=", "--cache-dir", str(cache), str(probe)])
    assert not crashed
    assert [line for line in said.splitlines() if ": error: " in line] == []
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    short = [re.sub(r"(?:\b[a-z_]+\.)+(?=\w)", "", kind) for kind in revealed]  # without modules
    assert dict(zip(REVEALED, short, strict=True)) == REVEALED
