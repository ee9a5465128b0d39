"""A whole name as first and last name."""

from __future__ import annotations

from typing import Final

_TITLES: Final = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "dame",
        "lord",
        "lady",
        "rev",
        "herr",
        "frau",
        "hr",
        "fr",
        "m",
        "mme",
        "mlle",
        "sr",
        "sra",
        "srta",
        "sig",
        "signor",
        "signora",
        "dott",
        "ing",
        "dipl",
        "dipl-ing",
        "mag",
    ]
)
_BEHIND: Final = frozenset(
    [
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
        "mba",
        "esq",
        "msc",
        "bsc",
        "ma",
        "ba",
        "cpa",
        "dds",
        "jd",
        "llm",
        "pmp",
    ]
)
_PARTICLES: Final = frozenset(
    [
        "van",
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "der",
        "den",
        "de",
        "del",
        "della",
        "dello",
        "di",
        "da",
        "das",
        "do",
        "dos",
        "du",
        "la",
        "las",
        "le",
        "los",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "ter",
        "ten",
        "af",
        "av",
        "st",
        "st.",
        "'t",
        "'s",
        "o'",
        "mac",
        "mc",
        "y",
        "e",
    ]
)


def split_name(name: str) -> tuple[str, str] | None:
    """First and last name: `Last, First`, else the last word and the particles before it are the last name.

    Titles before the name and degrees behind it are left away. `None` where only one word is left.
    """
    parts = [part.strip() for part in name.split(",") if part.strip()]
    while len(parts) > 1 and all(_bare(word) in _BEHIND for word in parts[-1].split()):
        parts.pop()
    if len(parts) == 2:
        last, first = parts[0], " ".join(_without_titles(parts[1].split()))
        return (first, last) if first else None
    return _split_words(_without_titles(" ".join(parts).split()))


def _split_words(words: list[str]) -> tuple[str, str] | None:
    while len(words) > 2 and _bare(words[-1]) in _BEHIND:
        words = words[:-1]
    if len(words) < 2:
        return None
    begin = len(words) - 1
    while begin > 1 and words[begin - 1].casefold() in _PARTICLES:
        begin -= 1
    return " ".join(words[:begin]), " ".join(words[begin:])


def _without_titles(words: list[str]) -> list[str]:
    place = 0
    while place < len(words) - 1 and _bare(words[place]) in _TITLES:
        place += 1
    return words[place:]


def _bare(word: str) -> str:
    return word.replace(".", "").casefold()
