"""Values of cells: cleaned, split, and doubted."""

from __future__ import annotations

import pytest

from impactive_async.cli.importing.people.clean import cleaned
from impactive_async.cli.importing.people.findings import Findings
from impactive_async.cli.importing.people.names import split_name
from impactive_async.cli.importing.people.suspicious import suspicions


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [
        (" Ada ", "Ada", False),
        ("\u00a0Ada\u00a0", "Ada", False),
        ("\u200bAda\ufeff", "Ada", True),
        ("'Ada'", "Ada", True),
        ('"Ada"', "Ada", True),
        ("„Ada“", "Ada", True),
        ('="0815"', "0815", True),
        ('William "Bill" Gates', 'William "Bill" Gates', False),
        ("'t Hooft", "'t Hooft", False),
        ("''", "''", False),
        ("سلام\u200cعلیکم", "سلام\u200cعلیکم", False),
        ("", "", False),
    ],
)
def test_what_is_no_part_of_a_value(cell: str, value: str, told: bool) -> None:
    """Quotes and invisible characters around it are taken off and told; within it they stay."""
    found, change = cleaned(cell)
    assert (found, change is not None) == (value, told)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Ada Augusta King Lovelace", ("Ada Augusta King", "Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("Dr. Ada Lovelace", ("Ada", "Lovelace")),
        ("Prof. Dr. Ada Lovelace, PhD", ("Ada", "Lovelace")),
        ("Herr Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Vincent van der Berg", ("Vincent", "van der Berg")),
        ("Van Morrison", ("Van", "Morrison")),
        ("Martin Luther King Jr.", ("Martin Luther", "King")),
        ("King, Martin Luther, Jr.", ("Martin Luther", "King")),
        ("Yo-Yo Ma", ("Yo-Yo", "Ma")),
        ("Anna von der Leyen", ("Anna", "von der Leyen")),
        ("Dr. Who", None),
        ("Plato", None),
        ("", None),
        ("小林太郎", None),
    ],
)
def test_whole_names(name: str, parts: tuple[str, str] | None) -> None:
    """The last word and the particles before it; titles and degrees are left away; a single word is not split."""
    assert split_name(name) == parts


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("phone", "4.91E+11", "rounded"),
        ("phone", "4,91E+11", "rounded"),
        ("phone", "123", "too few digits"),
        ("phone", "see above", "too few digits"),
        ("phone", "+49 30 555 0101", None),
        ("phone", "030/555-0101 ext. 7", None),
        ("first_name", "N/A", "placeholder"),
        ("first_name", "n/a", "placeholder"),
        ("last_name", "-", "placeholder"),
        ("last_name", "NULL", "placeholder"),
        ("last_name", "NaN", "placeholder"),
        ("last_name", "Na", None),
        ("last_name", "#REF!", "error"),
        ("title", "#N/A", "error"),
        ("title", "#BEZUG!", "error"),
        ("first_name", "ada@x.example", "email address"),
        ("last_name", "www.x.example", "web address"),
        ("last_name", "4711", "number"),
        ("first_name", "=1+1", "formula"),
        ("last_name", "M&uuml;ller", "HTML"),
        ("last_name", "<b>Ada</b>", "HTML"),
        ("last_name", "MÃ¼ller", "garbled"),
        ("title", "cafâ€™s", "garbled"),
        ("last_name", "M\ufffdller", "garbled"),
        ("last_name", "A\u202eda", "direction"),
        ("title", "A\u2067da", "direction"),
        ("last_name", "Müller", None),
        ("last_name", "Ångström", None),
        ("last_name", "Âdil", None),
        ("last_name", "O'Brien-Smith", None),
        ("last_name", "小林", None),
        ("title", "N/A", None),
    ],
)
def test_what_is_doubtful(field: str, value: str, kind: str | None) -> None:
    """What hardly is what was meant is told with its kind; names and numbers of all peoples are not."""
    found = [what for what, _ in suspicions({field: value})]
    assert (kind is None and not found) or (kind is not None and kind in found[0])


def test_findings_are_bounded() -> None:
    """A kind keeps the first lines and an example, however often it occurs."""
    findings = Findings()
    for line in range(10_000):
        findings.add("odd", line, f"value {line}")
    ((kind, found),) = findings
    assert (kind, found.number, len(found.lines), found.example) == ("odd", 10_000, 20, "value 0")
    assert found.where() == "lines 0 to 19 and 9,980 more"
