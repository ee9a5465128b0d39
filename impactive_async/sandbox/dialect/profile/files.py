"""Profiles as they come: a file, a mapping, or the name of a dialect."""

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["DIALECTS", "ProfileSource", "choose_profile", "dialect_profile", "read_profile"]

DIALECTS = (
    "contract",
    "wrapped",
    "noun",
    "numbers",
    "express",
    "next",
    "microseconds",
    "small-pages",
    "no-date",
)
_VERSION = 1

ProfileSource = Mapping[str, Any] | str | os.PathLike[str]


def dialect_profile(name: str) -> dict[str, Any]:
    """A fresh copy of the profile of a dialect in `DIALECTS`.

    Raises:
        ValueError: There is no dialect of that name.
    """
    if name not in DIALECTS:
        raise ValueError(f"there is no dialect {name!r}; choose one of {', '.join(DIALECTS)}")
    text = (files(__package__) / "named" / f"{name}.json").read_text("utf-8")
    return _checked(json.loads(text), f"dialect {name}")


def read_profile(source: ProfileSource) -> dict[str, Any]:
    """The profile in a mapping, or in the JSON file at a path.

    Raises:
        ValueError: The file cannot be read, is no profile, or is one of a newer version.
    """
    if isinstance(source, Mapping):
        return _checked(dict(source), "profile")
    where = f"profile {os.fspath(source)}"
    try:
        document = json.loads(Path(source).read_bytes())
    except OSError as error:
        raise ValueError(f"{where} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is damaged: it is not JSON ({error})") from None
    return _checked(document, where)


def choose_profile(profile: ProfileSource | None, dialect: str | None) -> dict[str, Any]:
    """The profile that is given, or that of the dialect, or that of the contract.

    Raises:
        ValueError: Both are given, or what is given is no profile that this version can read.
    """
    if profile is not None and dialect is not None:
        raise ValueError("give a profile or the name of a dialect, not both")
    return dialect_profile(dialect or "contract") if profile is None else read_profile(profile)


def _checked(document: Any, where: str) -> dict[str, Any]:
    if not isinstance(document, dict) or "profile" not in document:
        raise ValueError(f'{where} is no profile: a profile is an object with "profile": {_VERSION}')
    version = document["profile"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(f'{where} is no profile: "profile" must be a whole number from 1, not {version!r}')
    if version > _VERSION:
        raise ValueError(
            f"{where} has version {version}; this sandbox reads versions up to {_VERSION}. Update impactive-async."
        )
    return document
