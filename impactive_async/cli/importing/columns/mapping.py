"""Which column of a sheet is which field of a contact: by its header, by `--map`, or by `--split-name`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final

import attrs

from impactive_async.cli.importing.columns.fields import (
    FIELDS,
    FIRST_NAME,
    FULL_NAMES,
    LAST_NAME,
    LAST_NAME_BESIDE,
    REQUIRED,
    WIRE_NAMES,
    Rank,
    Several,
    field_of,
    is_known,
    named,
    spelling,
)
from impactive_async.cli.importing.reading.header import without_header
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import listed, quoted

LEFT_OUT: Final = "-"
EXTRA: Final = "extra."
FULL_NAME: Final = "full_name"
"""A column that holds first and last name, to be split."""
_COLUMN_NUMBER: Final = re.compile(r"#([1-9]\d*)")


@attrs.frozen(kw_only=True)
class Columns:
    """Where the fields stand, by the places of their columns."""

    width: int
    fields: Mapping[str, tuple[int, ...]]
    """Of several columns, each stands in where those before it are empty."""
    extra: Mapping[str, int]
    full_name: int | None = None
    """The column of whole names, which are split."""
    unused: tuple[int, ...] = ()
    """Columns with a name that are not imported, and of which nobody has said so."""
    nameless: tuple[int, ...] = ()
    """Columns without a name that are not imported: of most, nobody knows that they are there."""

    def without(self, field: str) -> Columns:
        """The same without a field."""
        return attrs.evolve(self, fields={name: places for name, places in self.fields.items() if name != field})

    def targets(self) -> dict[int, str]:
        """What each imported column is."""
        found = {place: field for field, places in self.fields.items() for place in places}
        found.update({place: EXTRA + name for name, place in self.extra.items()})
        if self.full_name is not None:
            found[self.full_name] = FULL_NAME
        return found


def map_columns(
    header: Sequence[str],
    pairs: Sequence[str],
    kept: Sequence[str] = (),
    first: Sequence[str] = (),
) -> Columns:
    """Decide which column is which field.

    Args:
        header: The names of the columns.
        pairs: `COLUMN=FIELD` from `--map`, which go before what a header looks like. `COLUMN` is a name, or `#3`
            for the third column; `extra.NAME` as field sends the column under the API's name NAME, `full_name`
            splits it, and `-` leaves it out.
        kept: The same from a file, which go before what a header looks like, and behind `pairs`.
        first: The cells of the first person, to speak of columns without names.

    Raises:
        UsageError: A pair names no column or no field, two columns are the same field, or a name is nowhere.
    """
    chosen = _chosen(header, pairs)
    fields = _chosen_places(header, chosen)
    known = _kept(header, kept, chosen, set(fields))
    fields |= _kept_places(known)
    chosen |= known
    fields |= _guessed_places(header, chosen)
    if LAST_NAME not in fields and FULL_NAME not in fields:
        fields |= _last_name_beside(header, chosen, fields.get(FIRST_NAME, ()), first)
    full = fields.pop(FULL_NAME, (None,))[0]
    extra = {name.removeprefix(EXTRA): fields.pop(name)[0] for name in list(fields) if name.startswith(EXTRA)}
    for field in REQUIRED if full is None else ():
        if field not in fields:
            raise UsageError(_nowhere(header, field, first))
    taken = {place for places in fields.values() for place in places} | {full, *extra.values(), *chosen}
    idle = [place for place in range(len(header)) if place not in taken]
    return Columns(
        width=len(header),
        fields=fields,
        extra=extra,
        full_name=full,
        unused=tuple(place for place in idle if header[place]),
        nameless=tuple(place for place in idle if not header[place]),
    )


def called(header: Sequence[str], place: int) -> str:
    """What to call a column: its name, and which one if several have it."""
    name = header[place]
    if not name:
        return f"#{place + 1} (which has no name)"
    return quoted(name) if header.count(name) == 1 else f"{quoted(name)} (#{place + 1})"


def as_option(header: Sequence[str], place: int, field: str) -> str:
    """The `--map` that makes this column that field, as it is typed."""
    name = header[place]
    plain = bool(name) and header.count(name) == 1 and "'" not in name and name.isprintable()
    return f"--map '{name if plain else f'#{place + 1}'}={field}'"


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
    return _place_of(header, column.strip()), _target(pair, target.strip())


def _target(pair: str, said: str) -> str:
    name = said.removeprefix(EXTRA)
    if said.startswith(EXTRA) and name:
        if name in WIRE_NAMES:
            raise UsageError(f"--map {pair!r}: {name} is a field of its own: write {WIRE_NAMES[name]} for it.")
        return said
    if said == LEFT_OUT or spelling(said) == spelling(FULL_NAME):
        return LEFT_OUT if said == LEFT_OUT else FULL_NAME
    field = field_of(said)
    if field is None:
        raise UsageError(
            f"--map {pair!r}: {said!r} is no field; there are {', '.join(FIELDS)}, full_name for a column to "
            "split, extra.NAME for a field this program does not know, and - to leave the column out."
        )
    return field


def _place_of(header: Sequence[str], column: str) -> int:
    places = places_named(header, column)
    if len(places) == 1:
        return places[0]
    if not places:
        raise UsageError(
            f"--map: no column is called {quoted(column)}; the columns are {_names(header)}. #1 is the first one."
        )
    numbers = " or ".join(f"#{place + 1}" for place in places)
    raise UsageError(f"--map: several columns are called {quoted(column)}; say which one: {numbers}.")


def places_named(header: Sequence[str], column: str) -> list[int]:
    """The columns that may be meant by a name or a number."""
    exact = [place for place, name in enumerate(header) if name == column]
    if exact:
        return exact
    if (numbered := _COLUMN_NUMBER.fullmatch(column)) and int(numbered[1]) <= len(header):
        return [int(numbered[1]) - 1]
    plain = spelling(column)
    return [place for place, name in enumerate(header) if plain and spelling(name) == plain]


def _chosen_places(header: Sequence[str], chosen: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    places: dict[str, tuple[int, ...]] = {}
    for place, target in sorted(chosen.items()):
        if target == LEFT_OUT:
            continue
        if target in places:
            raise UsageError(_twice(header, places[target][0], place, target))
        places[target] = (place,)
    return places


def _kept(
    header: Sequence[str], kept: Sequence[str], chosen: Mapping[int, str], decided: Collection[str]
) -> dict[int, str]:
    """The choices of a file that the command line leaves open."""
    choices = (_choice(header, pair) for pair in kept)
    return {place: target for place, target in choices if place not in chosen and target not in decided}


def _kept_places(kept: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Several columns of a field stand in for each other in the order of the file."""
    places: dict[str, tuple[int, ...]] = {}
    for place, target in kept.items():
        if target != LEFT_OUT:
            places[target] = (*places.get(target, ()), place)
    return places


def _guessed_places(header: Sequence[str], chosen: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """What the headers say, of fields that were not chosen."""
    decided = set(chosen.values())
    if FULL_NAME in decided:
        decided.update(REQUIRED)
    found: defaultdict[str, list[tuple[Rank, int]]] = defaultdict(list)
    for place, name in enumerate(header):
        guess = None if place in chosen else named(name)
        if guess is not None and guess[0] not in decided:
            found[guess[0]].append((guess[1], place))
    return {field: _ordered(header, field, sorted(columns)) for field, columns in found.items()}


def _last_name_beside(
    header: Sequence[str], chosen: Collection[int], first_names: Sequence[int], first: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """German's `Name` is the last name beside a `Vorname`, unless the first name stands in it, too."""
    for place in first_names:
        name = LAST_NAME_BESIDE.get(spelling(header[place]))
        beside = [other for other, text in enumerate(header) if name == spelling(text) and other not in chosen]
        if len(beside) == 1 and not _stands_in(first, place, beside[0]):
            return {LAST_NAME: (beside[0],)}
    return {}


def _stands_in(cells: Sequence[str], place: int, other: int) -> bool:
    return len(cells) > max(place, other) and cells[place].casefold() in cells[other].casefold().split()


def _ordered(header: Sequence[str], field: str, columns: list[tuple[Rank, int]]) -> tuple[int, ...]:
    several = FIELDS[field].several
    for (rank, place), (next_rank, next_place) in pairwise(columns):
        if several is Several.ASK or rank == next_rank:
            raise UsageError(_twice(header, place, next_place, field))
    places = tuple(place for _, place in columns)
    return places if several is Several.NEXT else places[:1]


def _twice(header: Sequence[str], place: int, other: int, target: str) -> str:
    place, other = sorted((place, other))
    return (
        f"The columns {called(header, place)} and {called(header, other)} are both {target}; say which one is: "
        f"--map '#{other + 1}={target}'"
    )


def _nowhere(header: Sequence[str], field: str, first: Sequence[str]) -> str:
    said = field.replace("_", " ")
    if not any(header):
        cells = ", ".join(f"#{place} {quoted(cell)}" for place, cell in enumerate(first[:12], 1))
        return f"No column is the {said} yet; say which one is: --map '#1={field}'. The first line is: {cells}."
    full = next((name for name in header if spelling(name) in FULL_NAMES), None)
    if full:
        hint = (
            f"The API wants first and last name apart: --split-name {quoted(full)} splits that column at its last "
            "word, with regard to titles, particles and `Last, First`."
        )
    elif any(is_known(name) for name in header):
        hint = f"Say which one it is: --map COLUMN={field}."
    else:
        hint = (
            f"Say which one it is: --map COLUMN={field}. But if that line is somebody's, they would be lost. "
            f"{without_header(header)} If the header stands elsewhere: --header-line N."
        )
    return f"No column is called {said}; the columns are {_names(header)}. {hint}"


def _names(header: Sequence[str]) -> str:
    return listed([quoted(name) for name in header])
