"""Addresses that nobody would import are not lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.planning.deciding import Policy, make_plan
from impactive_async.cli.importing.planning.plan import Plan
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import sheet_of
from tests.cli.support import Live


def plan_of(tmp_path: Path, text: str, *pairs: str, no_email: bool = False) -> Plan:
    sheet = sheet_of(tmp_path, text)
    columns = map_columns(sheet.header, pairs)
    return make_plan(sheet, columns, policy=Policy(no_email=no_email))


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("First,Last,Kontaktadresse\nAda,L,a@x.example\nBob,M,\n", "--map 'Kontaktadresse=email'"),
        ("First,Last,\nAda,L,a@x.example\n", "--map '#3=email'"),
        ("First,Last,It's,It's\nAda,L,a@x.example,\n", "--map '#3=email'"),
        ("First,Last,Email,Kontakt\nAda,L,,a@x.example\nBob,M,,b@x.example\n", "--map 'Kontakt=email'"),
        ("First,Last,A,B\nAda,L,a@x.example,b@x.example\n", "--map 'A=email' or --map 'B=email'"),
    ],
    ids=["another name", "no name", "a quote in the name", "an empty column is taken", "two of them"],
)
def test_a_column_full_of_addresses_is_not_passed_over(tmp_path: Path, text: str, option: str) -> None:
    """The error has the exact option that takes it; `--no-email` goes on without."""
    with pytest.raises(UsageError) as error:
        plan_of(tmp_path, text)
    assert option in str(error.value)
    assert "--no-email" in str(error.value)
    assert len(plan_of(tmp_path, text, no_email=True)) > 0


@pytest.mark.parametrize(
    "text",
    [
        "First,Last,Note\nAda,L,called\nBob,M,wrote to m@x.example\nEve,N,see file\n",
        "First,Last,Email,Kontakt\nAda,L,a@x.example,b@x.example\n",
        "First,Last\nAda,L\n",
    ],
    ids=["an address in a note", "another column is taken", "no addresses at all"],
)
def test_what_is_no_loss_is_no_error(tmp_path: Path, text: str) -> None:
    """People without an address are people, and a note with one is a note."""
    assert len(plan_of(tmp_path, text)) > 0


def test_a_column_that_the_user_leaves_out_is_left_out(tmp_path: Path) -> None:
    """Whoever says so need not say it twice."""
    assert len(plan_of(tmp_path, "First,Last,Email\nAda,L,a@x.example\n", "Email=-")) == 1


def test_nobody_has_an_address_with_no_email(live: Live, tmp_path: Path) -> None:
    """A column that is known for the address is not sent either."""
    file = tmp_path / "people.csv"
    file.write_text("First,Last,Email\nAda,L,a@x.example\n")
    assert live.cli("contacts", "import", str(file), "--no-email", "--dry-run").rows[0]["email"] is None


def test_samples_are_few_and_short(tmp_path: Path) -> None:
    """Two different values of each column, however long the cells are."""
    plan = plan_of(tmp_path, f"First,Last,Note\nAda,L,{'x' * 9000}\nAda,L,y\nBob,M,z\n")
    assert plan.evidence.samples[0] == ["Ada", "Bob"]
    assert [len(sample) for sample in plan.evidence.samples[2]] == [100, 1]
