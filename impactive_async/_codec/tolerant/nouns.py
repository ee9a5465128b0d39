"""What a row class is called on the wire, in singular and plural."""

from __future__ import annotations

from typing import Final

_IRREGULAR: Final = {"company": "companies", "reply": "replies"}


def noun_of(cls: type) -> str:
    """Return the noun of a class: `sendingAccount` for `SendingAccount`."""
    return cls.__name__[:1].lower() + cls.__name__[1:]


def plural_of(cls: type) -> str:
    """Return the plural of a class's noun: `sendingAccounts` for `SendingAccount`."""
    noun = noun_of(cls)
    return _IRREGULAR.get(noun, f"{noun}s")


def singular_of(plural: str) -> str:
    """Return the noun of a plural: `sendingAccount` for `sendingAccounts`."""
    return _SINGULARS.get(plural, plural.removesuffix("s"))


_SINGULARS: Final = {plural: noun for noun, plural in _IRREGULAR.items()}
