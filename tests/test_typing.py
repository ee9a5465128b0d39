"""What a type checker sees of the API: nothing to complain of, and precise types, without a plugin."""

from __future__ import annotations

import re
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[1]
USAGE = ROOT / "tests" / "typing" / "api_usage.py"

REVEALED = {
    "await crm.contacts.list()": "RowList[Contact]",
    "await crm.contacts.create(first_name='A', last_name='B')": "Contact",
    "(await crm.contacts.list())[0].email": "str | None",
    "await crm.sequences.get('seq')": "Sequence",
    "(await crm.sequences.get('seq')).status": "str | None",  # every status is a string
    "(await crm.sequences.get('seq')).steps": "tuple[Step, ...] | None",
    "await crm.sequences.enroll('seq', contact_ids=['c'])": "EnrollResult",
    "await crm.sequences.enrollments('seq')": "RowList[Enrollment]",
    "await crm.sequences.sends('seq')": "RowList[Send]",
    "await crm.sequences.replies('seq')": "RowList[Reply]",
    "await crm.bookings.list()": "RowList[Booking]",
    "await crm.zapier.deals.list()": "RowList[Deal]",
    "(await crm.zapier.deals.list())[0].value": "Decimal | None",
    "await crm.zapier.invoices.list()": "RowList[Invoice]",
    "await crm.zapier.projects.list()": "RowList[Project]",
    "crm.sequences.watch_replies('seq')": "Feed[Reply]",
    "crm.zapier.deals.watch()": "Feed[Deal]",
    "[row async for row in crm.zapier.deals.watch()]": "list[Deal]",
}


def test_events_are_a_typed_union() -> None:
    """The kind of an event, or its class, says what its row is, and a field that the row lacks is an error."""
    settings = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache"))
    said, crashed, code = api.run([*settings, str(ROOT / "tests" / "typing" / "events.py")])
    assert (crashed, code) == ("", 0), said


def test_the_api_as_users_write_it(tmp_path: Path) -> None:
    """What is right passes strictly, what is wrong is refused on its line, the main calls reveal rows.

    Settings and cache are those of `make types`. `make test` runs it first, so the package is not checked again.
    """
    probe = tmp_path / "probe.py"
    reveals = [f"    reveal_type({expression})" for expression in REVEALED]
    probe.write_text("\n".join([USAGE.read_text(), "async def reveal(crm: AsyncClient) -> None:", *reveals, ""]))
    settings = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache"))
    said, crashed, _ = api.run([*settings, str(probe)])
    assert not crashed
    assert [line for line in said.splitlines() if ": error: " in line] == []
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    short = [re.sub(r"(?:\b[a-z_]+\.)+(?=\w)", "", kind) for kind in revealed]  # without modules
    assert dict(zip(REVEALED, short, strict=True)) == REVEALED
