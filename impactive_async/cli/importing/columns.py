"""Which column of a sheet is which field of a contact: by its header, or by `--map`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from impactive_async.cli._errors import UsageError

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "first_name": ("firstname", "first", "givenname", "forename"),
    "last_name": ("lastname", "last", "surname", "familyname"),
    "email": ("email", "emailaddress", "mail", "workemail", "businessemail", "primaryemail"),
    "phone": (
        "phone",
        "phonenumber",
        "telephone",
        "tel",
        "mobile",
        "mobilephone",
        "cell",
        "cellphone",
        "workphone",
    ),
    "title": ("title", "jobtitle", "position", "role", "job"),
    "company_id": ("companyid",),
}
"""Fields of a contact, and how headers spell them: compared without case, spaces and punctuation."""

REQUIRED: Final = ("first_name", "last_name")
LEFT_OUT: Final = "-"
EXTRA: Final = "extra."
_FULL_NAMES: Final = ("name", "fullname", "contactname", "contact")
_NUMBERED: Final = re.compile(r"#([1-9]\d*)")


@attrs.frozen(kw_only=True)
class Columns:
    """Where the fields stand, by the place of their column."""

    width: int
    fields: Mapping[str, int]
    extra: Mapping[str, int]
    unused: tuple[str, ...]
    """Columns with a name that are not imported, as `called` names them."""
    nameless: tuple[int, ...] = ()
    """Places of columns without a name that are not imported: of most, nobody knows that they are there."""


def field_of(header: str) -> str | None:
    """The field that a header names, if any."""
    spelling = _spelling(header)
    return next((field for field, spellings in FIELDS.items() if spelling in spellings), None)


def is_known(header: str) -> bool:
    """Whether a header names a field."""
    return field_of(header) is not None


def map_columns(header: Sequence[str], pairs: Sequence[str]) -> Columns:
    """Decide which column is which field.

    Args:
        header: The names of the columns.
        pairs: `COLUMN=FIELD` from `--map`, which go before what a header looks like. `COLUMN` is a name, or `#3`
            for the third column; `extra.NAME` as field sends the column under the API's name NAME, and `-` leaves
            it out.

    Raises:
        UsageError: A pair names no column or no field, two columns are the same field, or a name is nowhere.
    """
    targets = _targets(header, _chosen(header, pairs))
    fields = _places(header, [target if target in FIELDS else None for target in targets])
    extra = _places(header, [target if target and target.startswith(EXTRA) else None for target in targets])
    for field in REQUIRED:
        if field not in fields:
            raise UsageError(_nowhere(header, field))
    idle = [place for place, target in enumerate(targets) if target is None]
    return Columns(
        width=len(header),
        fields=fields,
        extra={target.removeprefix(EXTRA): place for target, place in extra.items()},
        unused=tuple(called(header, place) for place in idle if header[place]),
        nameless=tuple(place for place in idle if not header[place]),
    )


def called(header: Sequence[str], place: int) -> str:
    """What to call a column: its name, and which one if several have it."""
    name = header[place]
    if not name:
        return f"#{place + 1} (which has no name)"
    return repr(name) if header.count(name) == 1 else f"{name!r} (#{place + 1})"


def _spelling(header: str) -> str:
    return "".join(c for c in header.casefold() if c.isalnum())


def _targets(header: Sequence[str], chosen: Mapping[int, str]) -> list[str | None]:
    taken = set(chosen.values())
    guesses = (field_of(name) for name in header)
    return [chosen.get(place, None if guess in taken else guess) for place, guess in enumerate(guesses)]


def _chosen(header: Sequence[str], pairs: Sequence[str]) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for pair in pairs:
        place, target = _choice(header, pair)
        if chosen.setdefault(place, target) != target:
            raise UsageError(f"--map: the column {called(header, place)} is mapped twice, to different fields.")
    return chosen


def _choice(header: Sequence[str], pair: str) -> tuple[int, str]:
    column, equals, target = pair.rpartition("=")
    if not equals:
        raise UsageError(f"--map {pair!r}: write it as COLUMN=FIELD.")
    field = field_of(target) or target
    if field not in FIELDS and field != LEFT_OUT and not (field.startswith(EXTRA) and field != EXTRA):
        raise UsageError(
            f"--map {pair!r}: {target!r} is no field; there are {', '.join(FIELDS)}, extra.NAME for a field this "
            "program does not know, and - to leave the column out."
        )
    return _place_of(header, column.strip()), field


def _place_of(header: Sequence[str], column: str) -> int:
    places = _places_named(header, column)
    if len(places) == 1:
        return places[0]
    if not places:
        raise UsageError(
            f"--map: no column is called {column!r}; the columns are {_listed(header)}. #1 is the first one."
        )
    numbers = " or ".join(f"#{place + 1}" for place in places)
    raise UsageError(f"--map: several columns are called {column!r}; say which one: {numbers}.")


def _places_named(header: Sequence[str], column: str) -> list[int]:
    exact = [place for place, name in enumerate(header) if name == column]
    if exact:
        return exact
    if (numbered := _NUMBERED.fullmatch(column)) and int(numbered[1]) <= len(header):
        return [int(numbered[1]) - 1]
    spelling = _spelling(column)
    return [place for place, name in enumerate(header) if spelling and _spelling(name) == spelling]


def _places(header: Sequence[str], targets: Sequence[str | None]) -> dict[str, int]:
    places: dict[str, int] = {}
    for target, place in _named(targets):
        if target in places:
            raise UsageError(
                f"The columns {called(header, places[target])} and {called(header, place)} are both {target}; "
                f"say which one is: --map '#{place + 1}={target}'"
            )
        places[target] = place
    return places


def _named(targets: Sequence[str | None]) -> Iterator[tuple[str, int]]:
    return ((target, place) for place, target in enumerate(targets) if target is not None)


def _nowhere(header: Sequence[str], field: str) -> str:
    full = next((name for name in header if _spelling(name) in _FULL_NAMES), None)
    hint = (
        f" The API wants first and last name apart: split the column {full!r} in the spreadsheet."
        if full
        else f" Say which one it is: --map COLUMN={field}."
    )
    return f"No column is called {field.replace('_', ' ')}; the columns are {_listed(header)}.{hint}"


def _listed(header: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in header)
