"""Profiles as values and as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

import impactive_async.sandbox.dialect.profile.named as named
from impactive_async import ConfigurationError, Profile
from impactive_async.sandbox import DIALECTS, Sandbox

NAMED = Path(next(iter(named.__path__)))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_profile_is_written_as_it_was_read(dialect: str, tmp_path: Path) -> None:
    """Saved and loaded again, each shipped profile is the same value and says the same to the sandbox."""
    read = Profile.load(NAMED / f"{dialect}.json")
    read.save(tmp_path / "profile.json")
    assert Profile.load(tmp_path / "profile.json") == read
    assert Sandbox(profile=tmp_path / "profile.json").profile == Sandbox(dialect=dialect).profile
    assert [path.name for path in tmp_path.iterdir()] == ["profile.json"]


def test_keys_that_are_not_known_are_kept(tmp_path: Path) -> None:
    """They are written again where they stood: at the top, in settings, in errors."""
    document = {
        "profile": 1,
        "colour": {"sky": "blue"},
        "operations": {"*": {"mood": 3, "cap": 20}},
        "errors": {"*": {"tone": "kind"}},
    }
    (tmp_path / "old.json").write_text(json.dumps(document))
    Profile.load(tmp_path / "old.json").save(tmp_path / "new.json")
    assert json.loads((tmp_path / "new.json").read_text()) == document


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], ["no profile", '"profile": 1']),
        ({}, ["no profile"]),
        ({"profile": True}, ["no profile"]),
        ({"profile": 2}, ["version 2", "up to 1", "impactive doctor"]),
        ({"profile": 1, "ids": {"*": "uuid"}}, ["ids['*']", '"text", "number"', '"uuid"']),
        ({"profile": 1, "operations": []}, ["operations", "an object"]),
        (
            {"profile": 1, "operations": {"zapier.*": {"cap": 0}}},
            ["operations['zapier.*'].cap", "whole number from 1"],
        ),
        ({"profile": 1, "operations": {"*": {"cap": True}}}, ["cap"]),
        ({"profile": 1, "operations": {"*": {"lag": -1}}}, ["lag", "a number from 0"]),
        ({"profile": 1, "operations": {"*": {"time_zone": "Mars/Olympus"}}}, ["time_zone", "+02:00"]),
        ({"profile": 1, "operations": {"*": {"update_verb": "put"}}}, ["update_verb", '"PATCH", "PUT", "POST"']),
        ({"profile": 1, "operations": {"*": 3}}, ["operations['*']", "an object"]),
        ({"profile": 1, "errors": {"invalid": {"status": 99}}}, ["errors['invalid'].status", "200 to 599"]),
        ({"profile": 1, "stored_precision": "weeks"}, ["stored_precision", "microseconds"]),
    ],
)
def test_a_value_that_is_not_known_is_refused(document: Any, words: list[str], tmp_path: Path) -> None:
    """The error names the key and the values that are known."""
    (tmp_path / "bad.json").write_text(json.dumps(document))
    with pytest.raises(ConfigurationError) as refused:
        Profile.load(tmp_path / "bad.json")
    for word in words:
        assert word in str(refused.value)
    assert "bad.json" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """Whatever is in it, the error says that it is not JSON and how to get a new one."""
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"not JSON.*impactive doctor --save"):
        Profile.load(tmp_path / "bad.json")


def test_a_file_that_is_not_there_is_an_error_of_the_set_up(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(ConfigurationError, match=r"Cannot read the profile .*none\.json: No such file"):
        Profile.load(tmp_path / "none.json")


def test_a_wrong_value_is_refused_in_code_too() -> None:
    """A profile that is made in a program is checked as one that is read."""
    with pytest.raises(ConfigurationError, match="lag"):
        Profile(operations={"*": {"lag": "long"}})


def test_the_longest_pattern_wins() -> None:
    """Settings are those of `*`, then of longer patterns, then of the operation, key by key."""
    profile = Profile(
        operations={
            "zapier.deals.list": {"cap": 3},
            "*": {"cap": 1, "lag": 5},
            "zapier.*": {"cap": 2, "order": "newest"},
        }
    )
    assert profile.settings("zapier.deals.list") == {"cap": 3, "lag": 5, "order": "newest"}
    assert profile.settings("zapier.deals.create") == {"cap": 2, "lag": 5, "order": "newest"}
    assert profile.settings("bookings.list") == {"cap": 1, "lag": 5}


def test_ids_are_numbers_by_noun() -> None:
    """A noun that is not named has what `*` says; without `*` its ids are text."""
    assert not Profile().numbered("deals")
    mixed = Profile(ids={"*": "number", "contacts": "text"})
    assert mixed.numbered("deals")
    assert not mixed.numbered("contacts")


def test_a_profile_implies_deviations() -> None:
    """Each shipped dialect names the deviations that its answers have."""
    implied = {dialect: Profile.load(NAMED / f"{dialect}.json").deviations() for dialect in DIALECTS}
    assert implied["contract"] == implied["microseconds"] == implied["no-date"] == frozenset()
    assert implied["express"] == {"verb.put"}
    assert {"id.number", "count.text", "time.epoch"} <= implied["numbers"]
    assert {"row.envelope", "list.envelope", "result.envelope", "refusal.in_success"} <= implied["wrapped"]
    assert {"row.envelope", "addresses.objects"} <= implied["noun"]
    assert implied["small-pages"] == {"list.envelope"}
    assert Profile(operations={"*": {"missing": ["email"]}}).deviations() == {"field.missing"}


def test_settings_are_laid_over_settings() -> None:
    """`with_settings` replaces single keys and keeps the others."""
    old = Profile(operations={"*": {"cap": 1, "lag": 5}})
    assert old.with_settings({"*": {"cap": 2}, "zapier.*": {"lag": 1}}).operations == {
        "*": {"cap": 2, "lag": 5},
        "zapier.*": {"lag": 1},
    }
    assert old == attrs.evolve(old)
