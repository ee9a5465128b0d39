"""Completion: in the shells themselves, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import PATIENCE, command_line, environment, invoke

SHELLS = ["bash", "zsh", "fish", "powershell", "pwsh"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A folder for PATH, with the program `impactive` in it."""
    program = tmp_path / "bin" / "impactive"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m impactive_async "$@"\n')
    program.chmod(0o755)
    return program.parent


def in_shell(shell: str, commands: str, script: Path, home: Path) -> list[str]:
    """What commands put out in a shell that is really installed here, line by line."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    env = environment({"PATH": f"{script}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)})
    done = subprocess.run(
        [shell, "-c", commands], env=env, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_any_shell_by_name(shell: str) -> None:
    """`--show-completion SHELL` puts out the script of that shell, whatever shell it is run from."""
    outcome = invoke("--show-completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert "_IMPACTIVE_COMPLETE" in outcome.out


def test_a_shell_that_is_none() -> None:
    """An unknown name is refused with those there are."""
    outcome = invoke("--show-completion", "tcl")
    assert outcome.code == 2
    assert "bash, zsh, fish, powershell, pwsh" in outcome.err


def test_without_a_name_it_is_the_shell_one_types_in(script: Path, tmp_path: Path) -> None:
    """`--show-completion` alone finds out which shell started it."""
    assert (
        in_shell("bash", "impactive --show-completion; true", script, tmp_path)[0] == "_impactive_completion() {"
    )


def test_bash_completes_commands_and_options(script: Path, tmp_path: Path) -> None:
    """The script completes in bash."""
    words = (
        "COMPREPLY=(); COMP_WORDS=(impactive {}); COMP_CWORD={}; _impactive_completion impactive; "
        "echo ${{COMPREPLY[@]}}"
    )
    found = in_shell(
        "bash",
        f'eval "$(impactive --show-completion bash)"; {words.format("co", 1)}; {words.format("contacts l", 2)}; '
        f"{words.format('contacts list --ti', 3)}",
        script,
        tmp_path,
    )
    assert found == ["contacts companies", "list", "--timeout"]


def test_fish_completes_commands(script: Path, tmp_path: Path) -> None:
    """The script completes in fish."""
    found = in_shell(
        "fish", "impactive --show-completion fish | source; complete -C 'impactive co'", script, tmp_path
    )
    assert sorted(line.partition("\t")[0] for line in found) == ["companies", "contacts"]


def test_zsh_reads_the_script(script: Path, tmp_path: Path) -> None:
    """In zsh, which completes only at a prompt, the script is loaded, and what it asks for is answered."""
    found = in_shell(
        "zsh",
        'autoload -Uz compinit; compinit -u; eval "$(impactive --show-completion zsh)"; echo $_comps[impactive]; '
        "COMP_WORDS='impactive hu' COMP_CWORD=1 _IMPACTIVE_COMPLETE=zsh_complete impactive",
        script,
        tmp_path,
    )
    assert found[:3] == ["_impactive_completion", "plain", "hub"]


def test_scripts_of_0_1_complete_on() -> None:
    """What 0.1 installed in bash asks in its own words, and wants bare words."""
    env = {"_IMPACTIVE_COMPLETE": "complete_bash", "COMP_WORDS": "impactive co", "COMP_CWORD": "1"}
    done = subprocess.run(
        command_line(), env=environment(env), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.stdout.split() == ["contacts", "companies"]


@pytest.mark.parametrize("instruction", ["complete_tcl", "tcl_complete", "nonsense", "bash_source"])
def test_a_script_of_another_program_breaks_no_prompt(instruction: str) -> None:
    """An instruction that nobody knows is answered with nothing."""
    outcome = invoke(env={"_IMPACTIVE_COMPLETE": instruction, "COMP_WORDS": "impactive ", "COMP_CWORD": "1"})
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


@pytest.mark.parametrize(
    ("shell", "file", "rc"),
    [
        ("bash", ".bash_completions/impactive.sh", ".bashrc"),
        ("zsh", ".zfunc/_impactive", ".zshrc"),
        ("fish", ".config/fish/completions/impactive.fish", None),
    ],
)
def test_installing_twice_changes_nothing_more(tmp_path: Path, shell: str, file: str, rc: str | None) -> None:
    """`--install-completion` writes the script to where the shell finds it, once, and keeps what was there."""
    if rc is not None:
        (tmp_path / rc).write_text("alias ll='ls -l'")
    for _ in range(2):
        outcome = invoke("--install-completion", shell, env={"HOME": str(tmp_path)})
        assert outcome.code == 0, outcome.err
        assert str(tmp_path / file) in outcome.err
    assert (tmp_path / file).read_text() == invoke("--show-completion", shell).out
    if rc is not None:
        first, *rest = (tmp_path / rc).read_text().split("\n")
        assert first == "alias ll='ls -l'"
        assert sum(".bash_completions" in line or ".zfunc" in line for line in rest) == 1


def test_an_installed_script_completes_in_a_new_shell(script: Path, tmp_path: Path) -> None:
    """A bash that is started afterwards has it."""
    assert invoke("--install-completion", "bash", env={"HOME": str(tmp_path)}).code == 0
    assert in_shell("bash", "source ~/.bashrc; complete -p impactive", script, tmp_path) == [
        "complete -o nosort -F _impactive_completion impactive"
    ]


def test_powershell_is_told_where_it_belongs() -> None:
    """Its profile is its own to know: what to add there is said."""
    outcome = invoke("--install-completion", "pwsh")
    assert outcome.code == 2
    assert "$PROFILE" in outcome.err
