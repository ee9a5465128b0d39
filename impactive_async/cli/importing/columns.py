"""Which column of a sheet is which field of a contact: by its header, or by `--map`."""

from __future__ import annotations

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


@attrs.frozen(kw_only=True)
class Columns:
    """Where the fields stand, by the place of their column."""

    width: int
    fields: Mapping[str, int]
    extra: Mapping[str, int]
    unused: tuple[str, ...]
    """Headers of columns that are not imported."""


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
        pairs: `COLUMN=FIELD` from `--map`; `extra.NAME` as field sends the column under the API's name NAME, and
            `-` leaves it out.

    Raises:
        UsageError: A pair names no column or no field, two columns are the same field, or a name is nowhere.
    """
    chosen = _chosen(header, pairs)
    targets = [chosen.get(place, field_of(name)) for place, name in enumerate(header)]
    fields = _places(header, [target if target in FIELDS else None for target in targets])
    extra = _places(header, [target if target and target.startswith(EXTRA) else None for target in targets])
    for field in REQUIRED:
        if field not in fields:
            raise UsageError(_nowhere(header, field))
    unused = tuple(name for name, target in zip(header, targets, strict=True) if target is None and name)
    return Columns(
        width=len(header),
        fields=fields,
        extra={target.removeprefix(EXTRA): place for target, place in extra.items()},
        unused=unused,
    )


def _spelling(header: str) -> str:
    return "".join(c for c in header.casefold() if c.isalnum())


def _chosen(header: Sequence[str], pairs: Sequence[str]) -> dict[int, str]:
    return dict(_choice(header, pair) for pair in pairs)


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
    return _place_of(header, column), field


def _place_of(header: Sequence[str], column: str) -> int:
    wanted = column.strip()
    exact = [place for place, name in enumerate(header) if name == wanted]
    alike = exact or [place for place, name in enumerate(header) if _spelling(name) == _spelling(wanted)]
    if len(alike) != 1:
        many = "several columns are" if alike else "no column is"
        raise UsageError(f"--map: {many} called {wanted!r}; the columns are {_listed(header)}.")
    return alike[0]


def _places(header: Sequence[str], targets: Sequence[str | None]) -> dict[str, int]:
    places: dict[str, int] = {}
    for target, place in _named(targets):
        if target in places:
            raise UsageError(
                f"The columns {header[places[target]]!r} and {header[place]!r} both look like {target}; "
                f"leave one out: --map {header[place]!r}=-"
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
