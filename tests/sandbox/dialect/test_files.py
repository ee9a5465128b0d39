"""Profiles as files, mappings and names."""

import json
from pathlib import Path
from typing import Any

import pytest

from impactive_async.sandbox import DIALECTS, Sandbox, dialect_profile
from impactive_async.sandbox.dialect.profile.files import read_profile


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_has_its_own_name_and_explains_itself(name: str) -> None:
    """Each shipped file names the dialect it is, and all its values are ones that the format knows."""
    profile = dialect_profile(name)
    assert (profile["profile"], profile["name"]) == (1, name)
    assert profile["about"].endswith(".")
    Sandbox(dialect=name)


def test_each_shipped_file_is_a_dialect() -> None:
    """No file lies beside the dialects that no name leads to."""
    folder = Path(read_profile.__code__.co_filename).parent / "named"
    assert {path.stem for path in folder.iterdir()} == set(DIALECTS)


def test_a_copy_can_be_changed() -> None:
    """What is given away is a copy: the next one is as the file has it."""
    dialect_profile("express")["operations"].clear()
    assert dialect_profile("express")["operations"]


def test_a_file_is_read(tmp_path: Path) -> None:
    """The path of a profile does what the profile itself does, as text too."""
    profile = {"profile": 1, "operations": {"*": {"cap": 2}}, "future": [1]}
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile), encoding="utf-8")
    assert read_profile(path) == read_profile(str(path)) == read_profile(profile) == profile


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged"),
        (b"{", "is damaged"),
        (b'{"profile": 1', "is damaged"),
        (b'\xff\xfe{"profile": 1}', "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b"[]", "is no profile"),
        (b"{}", "is no profile"),
        (b'{"profile": "1"}', "is no profile"),
        (b'{"profile": true}', "is no profile"),
        (b'{"profile": 0}', "is no profile"),
        (b'{"profile": 2}', r"has version 2; this sandbox reads versions up to 1. Update impactive-async"),
    ],
)
def test_a_file_that_is_no_profile_is_a_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    """Damaged files, other JSON and newer versions are told apart, and the path is named."""
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_profile(path)
    assert "mine.json" in str(caught.value)


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    """The message has the path and the system's reason."""
    with pytest.raises(ValueError, match=r"none\.json cannot be read: No such file"):
        Sandbox(profile=tmp_path / "none.json")


def test_one_way_to_choose() -> None:
    """A profile and a dialect together, or a dialect that does not exist, are refused."""
    with pytest.raises(ValueError, match="not both"):
        Sandbox(profile={"profile": 1}, dialect="noun")
    with pytest.raises(ValueError, match="no dialect 'nuon'; choose one of contract, wrapped"):
        Sandbox(dialect="nuon")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"operations": {"*": {"cap": 0}}}, r"operations\['\*'\]: cap must be a whole number from 1, not 0"),
        ({"operations": {"*": {"cap": True}}}, "cap must be a whole number"),
        (
            {"operations": {"zapier.*": {"order": "up"}}},
            r"order must be one of \"newest\", \"oldest\"",
        ),
        ({"operations": {"*": {"status": True}}}, "status must be one of 200 to 299"),
        ({"operations": {"*": {"time_zone": "Mars/Base"}}}, r"time_zone must be an offset such as \+02:00"),
        ({"operations": {"*": {"time_zone": ".."}}}, "time_zone must be an offset"),
        ({"operations": {"*": {"since_zone": 4}}}, "since_zone must be an offset"),
        ({"operations": {"*": {"lag": -1}}}, "lag must be a number from 0"),
        ({"operations": {"*": {"lag": "1"}}}, "lag must be a number from 0"),
        ({"operations": {"*": {"date_ahead": float("inf")}}}, "date_ahead must be a number"),
        ({"operations": {"*": {"date": 0}}}, "date must be true or false"),
        ({"operations": {"*": {"missing": "id"}}}, "missing must be a list of names"),
        ({"operations": {"*": {"extra": []}}}, "extra must be an object"),
        ({"operations": {"*": {"headers": {"A": 1}}}}, "headers must be an object of texts"),
        ({"operations": {"*": 1}}, r"operations\['\*'\] must be an object"),
        ({"operations": []}, "operations must be an object"),
        ({"operations": {"*": {"row": {"a": "$rwo"}}}}, r"row template of contacts\.create: there is no \$rwo"),
        ({"operations": {"*": {"list": "$row"}}}, r"list template of contacts\.list: there is no \$row here"),
        ({"operations": {"*": {"answer": ["$more"]}}}, r"answer template of sequences\.\S+: there is no \$more"),
        ({"ids": {"deals": "uuid"}}, r"ids\['deals'\] must be one of \"text\", \"number\", not 'uuid'"),
        ({"ids": "number"}, "ids must be an object"),
        ({"ids_as_text": 1}, "ids_as_text must be one of"),
        ({"stored_precision": "hours"}, "stored_precision must be one of"),
        ({"options": 204}, "options must be null"),
        ({"options": {"status": 404}}, r"options\.status must be one of 200 to 299"),
        ({"errors": {"invalid": {"status": 99}}}, r"errors\['invalid'\]: status must be one of 200 to 599"),
        ({"errors": {"*": {"answer": "$row"}}}, r"errors\['\*'\]: there is no \$row here"),
        ({"errors": {"no_route": {"html": 1}}}, "html must be text"),
        ({"errors": {"no_route": []}}, r"errors\['no_route'\] must be an object"),
        ({"errors": 1}, "errors must be an object"),
    ],
)
def test_a_value_that_is_not_known_is_refused_at_once(part: dict[str, Any], message: str) -> None:
    """A wrong value is found when the sandbox is made; the message names its place and the values there are."""
    with pytest.raises(ValueError, match=message):
        Sandbox(profile={"profile": 1, **part})


def test_keys_that_are_not_known_have_no_effect() -> None:
    """A profile of a later minor form works, as far as it is understood."""
    Sandbox(
        profile={"profile": 1, "news": 1, "operations": {"*": {"news": 1}, "moon.*": {}}, "errors": {"news": {}}}
    )
