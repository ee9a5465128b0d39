"""What coding agents are told of the package is true: `docs/agents.md` and `docs/llms.txt`."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import click
import pytest

import impactive_async
from impactive_async import AsyncClient
from impactive_async.cli._app import app
from impactive_async.pytest_plugin import impactive_client, impactive_sandbox
from tests.docs.pages import PAGES, ROOT
from tests.support import KEY

SKILL = PAGES["agents.md"]
LLMS = ROOT / "docs" / "llms.txt"
MODULES = [
    impactive_async,
    *(importlib.import_module(f"impactive_async.{name}") for name in ("errors", "models", "sandbox", "rehearsal")),
]
SITE = "https://impactive-async.readthedocs.io/en/latest/"
FIXTURES = {"impactive_client": impactive_client, "impactive_sandbox": impactive_sandbox}
WORDS = {"None", "GET", "POST", "Decimal", "True"}


def prose(path: Path) -> str:
    """A text without its blocks of code, which test_blocks.py runs."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def calls(text: str) -> Iterator[tuple[str, str]]:
    """What is said of the client: the name and the arguments, as they stand in backticks."""
    for code in re.findall(r"`([^`]+)`", text):
        if found := re.fullmatch(r"(?:await )?crm\.([\w.]+)(?:\((.*)\))?", code):
            yield found[1], found[2] or ""


def exists(name: str) -> bool:
    """Whether the client has it."""
    try:
        attrgetter(name)(AsyncClient(KEY))
    except AttributeError:
        return False
    return True


def not_there() -> set[str]:
    """The names of which the skill file says that there is no such thing."""
    rows = re.findall(r"^\| (`crm\.[^|]+) \|", prose(SKILL).partition("there is no")[2], re.MULTILINE)
    return {name for row in rows for name, _ in calls(row)}


def test_what_is_said_not_to_be_there_is_not() -> None:
    """Agents invent these names; none has come to exist meanwhile."""
    assert len(not_there()) > 5
    assert [name for name in sorted(not_there()) if exists(name)] == []


@pytest.mark.parametrize("path", [SKILL, LLMS], ids=lambda path: path.name)
def test_every_name_of_the_client_exists(path: Path) -> None:
    """With the keywords that it is shown with, and as many ids as it takes."""
    named = [(name, arguments) for name, arguments in calls(prose(path)) if name not in not_there()]
    assert len(named) > 5
    for name, arguments in named:
        assert exists(name), name
        method = attrgetter(name)(AsyncClient(KEY))
        for keyword in re.findall(r"(\w+)=", arguments):
            assert keyword in inspect.signature(method).parameters, (name, keyword)


@pytest.mark.parametrize("path", [SKILL, LLMS], ids=lambda path: path.name)
def test_every_class_and_function_exists(path: Path) -> None:
    """A name with a capital, or a function that is called, is public somewhere."""
    codes = re.findall(r"`([^`]+)`", prose(path))
    names = {code for code in codes if re.fullmatch(r"[A-Z]\w+", code)} - WORDS
    names |= {found[1] for code in codes if (found := re.fullmatch(r"(\w+)\(.+\)", code))}
    names = {name for name in names if not name.startswith("IMPACTIVE_")}
    assert [name for name in sorted(names) if not any(hasattr(module, name) for module in MODULES)] == []
    bare = {code for code in codes if re.fullmatch(r"impactive_\w+", code)} - {"impactive_async"}
    assert bare <= set(FIXTURES)


def members(cls: type) -> set[str]:
    """The attributes that objects of a class have: those of the class, and what it is made of."""
    return {*dir(cls), *inspect.signature(cls).parameters}


def test_every_field_exists() -> None:
    """What is said to come back is an attribute of one of the classes of its row."""
    rows = re.findall(r"^\| (`[A-Z][^|]+) \| (.+) \|$", prose(SKILL).partition("What comes back")[2], re.MULTILINE)
    assert len(rows) > 8
    for classes, fields in rows:
        names = re.findall(r"`(\w+)`", classes)
        found = [next(getattr(module, name) for module in MODULES if hasattr(module, name)) for name in names]
        known = WORDS.union(*map(members, found))
        assert [name for name in re.findall(r"`(\w+)(?:\(\))?`", fields) if name not in known] == [], classes


def test_the_commands_exist() -> None:
    """`impactive doctor` and the like are commands."""
    for path in (SKILL, LLMS):
        for words in re.findall(r"`impactive ([a-z -]+)`", prose(path)):
            name = words.split()[0]
            assert app.get_command(click.Context(app), name), name


def test_llms_txt_names_every_page_once() -> None:
    """All pages of the site but its front and the parts of the reference, by their addresses."""
    named = [name.rpartition(".")[0] for name in re.findall(rf"\({re.escape(SITE)}([^)]+)\)", LLMS.read_text())]
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"} | {"api/index"}
    assert sorted(named) == sorted(pages)


def test_llms_txt_is_of_the_form_that_agents_expect() -> None:
    """A title, a summary in a quotation, and sections of links with a description each."""
    lines = LLMS.read_text().splitlines()
    assert lines[0] == "# impactive-async"
    assert lines[2].startswith("> ")
    linked = [line for line in lines if line.startswith("- [")]
    assert all(re.fullmatch(r"- \[[^\]]+\]\(https://\S+\): .+", line) for line in linked)


def test_the_skill_file_is_short_and_says_when_to_use_it() -> None:
    """Its front matter is what tools look for, and it costs an agent less than 3,000 tokens."""
    text = SKILL.read_text(encoding="utf-8")
    front = re.match(r"---\nname: impactive-async\ndescription: (.+)\n---\n", text)
    assert front
    assert 100 < len(front[1]) < 400
    assert len(text) < 12_000
