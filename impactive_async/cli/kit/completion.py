"""Shell completion: the scripts for each shell, where they are installed, and the answer to a Tab."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, get_completion_class

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.streams import write_err, write_out

_SHELLS: Final = ("bash", "zsh", "fish", "powershell")
_ALIASES: Final = {"pwsh": "powershell"}


class _WordsOnly(BashComplete):
    """The answer that the bash script of version 0.1 reads: bare words, one a line."""

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return one completion as that script reads it."""
        return str(item.value)


def answer(program: click.Command, name: str, instruction: str) -> int:
    """Answer a Tab. Return the exit code.

    Args:
        program: The program whose commands are completed.
        name: The name of the program, as users type it.
        instruction: What the shell's script asks for, such as `zsh_complete`. Scripts of 0.1 ask `complete_bash`.
    """
    shell, _, deed = instruction.partition("_")
    if deed == "complete" and (made := _completer(program, name, shell)) is not None:
        write_out(made.complete() + "\n")
    elif instruction == "complete_bash":
        write_out(_WordsOnly(program, {}, name, _variable(name)).complete() + "\n")
    return 0


def show(program: click.Command, name: str, shell: str) -> None:
    """Write the completion script of a shell to standard output.

    Args:
        program: The program whose commands are completed.
        name: The name of the program, as users type it.
        shell: The shell's name; empty: the shell that we were started from.

    Raises:
        UsageError: There is no completion for that shell.
    """
    write_out(_script(program, name, _shell_name(shell)))


def install(program: click.Command, name: str, shell: str) -> None:
    """Install the completion script where a shell looks for it. Safe to repeat.

    Args:
        program: The program whose commands are completed.
        name: The name of the program, as users type it.
        shell: The shell's name; empty: the shell that we were started from.

    Raises:
        UsageError: There is no completion for that shell, or users have to install it by hand.
        OSError: A file cannot be written.
    """
    shell = _shell_name(shell)
    file = _installed(name, shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_script(program, name, shell), encoding="utf-8")
    if shell == "bash":
        _add_line(Path.home() / ".bashrc", f"source '{file}'")
    elif shell == "zsh":
        _add_line(Path.home() / ".zshrc", f"fpath+='{file.parent}'; autoload -Uz compinit; compinit")
    write_err(f"Completion for {shell} is installed in {file}. Start a new shell to use it.")


def _shell_name(shell: str) -> str:
    shell = shell or _parent_shell()
    found = _ALIASES.get(shell, shell)
    if found not in _SHELLS:
        raise UsageError(f"There is no completion for {shell!r}; there is for {', '.join((*_SHELLS, *_ALIASES))}.")
    return found


def _parent_shell() -> str:
    """Return the name of the shell that we were started from."""
    import shellingham  # type: ignore[import-untyped]

    try:
        return str(shellingham.detect_shell()[0])
    except shellingham.ShellDetectionFailure:
        return Path(os.environ.get("SHELL", "")).name


def _installed(name: str, shell: str) -> Path:
    home = Path.home()
    places = {
        "bash": home / ".bash_completions" / f"{name}.sh",
        "zsh": home / ".zfunc" / f"_{name}",
        "fish": home / ".config" / "fish" / "completions" / f"{name}.fish",
    }
    if shell not in places:
        raise UsageError(
            f"In {shell}, add the output of `{name} --show-completion {shell}` to your profile, $PROFILE."
        )
    return places[shell]


def _add_line(file: Path, line: str) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if line not in text.splitlines():
        file.write_text(f"{text.rstrip(chr(10))}\n\n{line}\n".lstrip("\n"), encoding="utf-8")


def _script(program: click.Command, name: str, shell: str) -> str:
    made = _completer(program, name, shell)
    assert made is not None  # noqa: S101 - for type checkers: the shell is known
    return made.source_template % made.source_vars()  # not `source`, which runs bash to see its version


def _completer(program: click.Command, name: str, shell: str) -> ShellComplete | None:
    made = get_completion_class(shell)
    return None if made is None else made(program, {}, name, _variable(name))


def _variable(name: str) -> str:
    return f"_{name.upper()}_COMPLETE"
