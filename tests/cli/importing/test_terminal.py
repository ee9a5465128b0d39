"""An import on a terminal: what is shown before, the one question, and what it draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import Live, run
from tests.cli.terminal import on_terminal


def people(tmp_path: Path, count: int) -> Path:
    file = tmp_path / "leads.csv"
    rows = "".join(f"Ada,Number {n},ada{n}@tty.example,x\n" for n in range(count))
    file.write_text(f"First Name,Last Name,E-mail 1 - Value,Shoe size\n{rows}")
    return file


def created(live: Live) -> int:
    return sum("tty.example" in str(row.fields.get("email")) for row in live.state.rows("contacts"))


@pytest.mark.parametrize(("answer", "code", "count"), [("y", 0, 1000), ("n", 130, 0), ("", 130, 0)])
def test_a_thousand_are_not_written_unasked(
    live: Live, tmp_path: Path, answer: str, code: int, count: int
) -> None:
    """The question names the workspace, how many they are, and what happens; all but a yes sends nothing."""
    sequence = live.state.create_sequence("Welcome").id
    arguments = ("contacts", "import", str(people(tmp_path, 1000)), "--enroll", sequence, "--batch-size", "250")
    with on_terminal(*arguments, env=live.env) as terminal:
        terminal.wait_for("Go on? [y/N]")
        terminal.type(f"{answer}\n")
        assert terminal.end() == code
    assert "This creates 1,000 contacts and puts everybody on the sequence 'Welcome' (active)" in terminal.screen
    assert f"in the workspace 'Sandbox cli' ({live.sandbox.url})." in terminal.screen
    assert created(live) == count
    assert ("nothing was sent" in terminal.screen) is (count == 0)


@pytest.mark.parametrize(("count", "option"), [(1000, ("--yes",)), (999, ())])
def test_few_are_written_at_once(live: Live, tmp_path: Path, count: int, option: tuple[str, ...]) -> None:
    """And `--yes` answers for many."""
    arguments = ("contacts", "import", str(people(tmp_path, count)), "--batch-size", "250", *option)
    with on_terminal(*arguments, env=live.env) as terminal:
        assert terminal.end() == 0
    assert "Go on?" not in terminal.screen
    assert created(live) == count


def test_a_script_is_not_asked(live: Live, tmp_path: Path) -> None:
    """Where nobody is there to answer, a command that was written is meant."""
    outcome = run("contacts", "import", str(people(tmp_path, 1000)), "--batch-size", "250", env=live.env)
    assert (outcome.code, created(live)) == (0, 1000)


def test_ctrl_c_at_the_question_sends_nothing(live: Live, tmp_path: Path) -> None:
    """It is an answer, too."""
    with on_terminal("contacts", "import", str(people(tmp_path, 1000)), env=live.env) as terminal:
        terminal.wait_for("Go on? [y/N]")
        terminal.press_ctrl_c()
        assert terminal.end() == 130
    assert "Stopped; nothing was sent." in terminal.screen
    assert created(live) == 0


@pytest.mark.silent
def test_the_columns_are_shown_with_values_of_them(live: Live, tmp_path: Path) -> None:
    """Each with its field and two values; what is not imported is among them."""
    with on_terminal("contacts", "import", str(people(tmp_path, 3)), "--dry-run", env=live.env) as terminal:
        assert terminal.end() == 0
    assert "E-mail 1 - Value email ada0@tty.example · ada1@tty.example" in terminal.screen
    assert "First Name first_name Ada" in terminal.screen
    assert "Shoe size (not imported) x" in terminal.screen


@pytest.mark.silent
def test_no_word_of_a_file_steers_the_terminal(live: Live, tmp_path: Path) -> None:
    """Escape sequences and direction overrides in headers, cells and names are drawn as text, or not at all."""
    file = tmp_path / "leads.csv"
    file.write_text(
        "First Name,Last Name,Email,\x1b]0;owned\x07 \u202ecolumn\n"
        "A\u202eda,L,ada@tty.example,\x1b[31mred\nBob,\x1b[2JM,\x1b[31mnowhere,x\n"
    )
    with on_terminal("contacts", "import", str(file), "--dry-run", env=live.env) as terminal:
        assert terminal.end() == 10
    drawn = terminal.drawn
    assert "\u202e" not in drawn
    assert "\x1b]0" not in drawn
    assert "\x1b[31m" not in drawn
    assert "\x1b[2J" not in drawn
