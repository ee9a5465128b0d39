"""How reports write amounts, shares and times, and the texts of strangers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from impactive_async.pages.texts import in_one_line
from impactive_async.reports.words import amount, duration, share


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.42, "0.42 s"), (9, "9 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (12_000, "3 h 20 min"),
        (47 * 3600, "47 h"), (48 * 3600, "2 d"), (98 * 3600, "4 d 2 h"),
    ],
)  # fmt: skip
def test_times_as_people_say_them(seconds: float, said: str) -> None:
    """In one or two units."""
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, ""), (0, 9, "0 %"), (1, 999, "< 1 %"), (1, 4, "25 %"), (998, 999, "> 99 %"), (9, 9, "100 %")],
)
def test_no_share_is_rounded_to_nothing_or_all(part: int, whole: int, said: str) -> None:
    """A few are not nobody, and most are not everybody."""
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "0.00"),
        ("1234.5", "1,234.50"),
        ("-1", "-1.00"),
        ("0.1250", "0.125"),
        ("1E+3", "1,000.00"),
        ("-0.001", "-0.001"),
        (f"{10**30}.01", f"{10**30:,}.01"),
    ],
)
def test_amounts_keep_their_digits(value: str, said: str) -> None:
    """Two places at least, and none is lost."""
    assert amount(Decimal(value)) == said


def test_texts_of_strangers_steer_nothing() -> None:
    """No controls, no marks and overrides of direction, no line ends, nothing but UTF-8; scripts stay."""
    assert in_one_line("a\x1b[31m\nb\u202ec\u200f\ud800") == "a�[31m b�c�"
    assert in_one_line("é 👩‍💻 naïve") == "é 👩‍💻 naïve"
