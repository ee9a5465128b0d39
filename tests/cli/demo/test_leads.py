"""The people of the demo."""

import csv
from importlib.resources import files
from pathlib import Path

from impactive_async.cli.demo.people import read_leads

EXAMPLE = Path(__file__).parents[3] / "examples" / "leads.csv"


def test_the_example_and_the_packaged_leads_are_the_same_file() -> None:
    """`examples/leads.csv` is byte for byte what `impactive demo` reads."""
    assert EXAMPLE.read_bytes() == (files("impactive_async.cli.demo") / "leads.csv").read_bytes()


def test_nobody_in_it_can_be_reached_by_accident() -> None:
    """A thousand people, each with a different address in a domain that cannot exist."""
    people = read_leads(None)
    addresses = {person.email or "" for person in people}
    assert len(people) == len(addresses) == 1000
    assert all(address.endswith(".example") and address.isascii() for address in addresses)


def test_it_looks_like_a_real_export() -> None:
    """It has what imports stumble over: commas in cells, letters beyond ASCII, apostrophes, empty cells."""
    with EXAMPLE.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any("," in cell for cell in cells)
    assert any(not cell.isascii() for cell in cells)
    assert any("'" in cell for cell in cells)
    assert "" in cells
