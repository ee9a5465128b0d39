"""Finding and running the foreign parts."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support import PATIENCE, give_up

ROOT = Path(__file__).parents[2]
PARTS = ROOT / ".evidence"


def prism() -> str:
    """Path of Prism."""
    found = shutil.which("prism", path=str(PARTS / "node_modules" / ".bin"))
    return found or give_up("Prism is not there: `make evidence` fetches it where there is npm")


def inspector() -> str:
    """Path of the inspector of MCP."""
    found = shutil.which("mcp-inspector", path=str(PARTS / "node_modules" / ".bin"))
    return found or give_up("the inspector of MCP is not there: `make evidence` fetches it where there is npm")


def nginx() -> str:
    """Path of nginx."""
    return _program("nginx", "/usr/sbin", PARTS / "nginx" / "usr" / "sbin")


def promtool() -> str:
    """Path of Prometheus' promtool."""
    return _program("promtool", PARTS / "prometheus" / "usr" / "bin")


def chromium() -> tuple[str, dict[str, str]]:
    """Path of Chromium, and the environment that it runs in."""
    own = PARTS / "chromium"
    path = _program("chromium", own / "usr" / "lib" / "chromium")
    if not Path(path).is_relative_to(own):
        return path, dict(os.environ)
    return path, {**os.environ, "LD_LIBRARY_PATH": str(own / "lib")}


def _program(name: str, *folders: str | Path) -> str:
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    return shutil.which(name, path=places) or give_up(
        f"{name} is not there: `make evidence` fetches it where there is apt-get"
    )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


@asynccontextmanager
async def serving(port: int, *command: str, log: Path) -> AsyncIterator[None]:
    """Run a server until the end of the block; it is ready when its port answers."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=asyncio.subprocess.STDOUT)
    try:
        await _answering(port, process, log)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answering(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.returncode is None, f"it ended at once: see {log}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def run(command: Sequence[str | Path], *, cwd: Path, patience: float = 240.0) -> tuple[int, str]:
    """Run a command to its end, out of reach of our own run's settings: exit code, and all it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTEST"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=patience,
        check=False,
    )
    return done.returncode, done.stdout


def succeed(command: Sequence[str | Path], *, cwd: Path, patience: float = 240.0) -> str:
    """Run a command that must succeed; returns what it said."""
    code, output = run(command, cwd=cwd, patience=patience)
    assert code == 0, f"{' '.join(map(str, command))}\n{output}"
    return output


def interpreter(version: str) -> str:
    """A Python of that version, on the path or among pyenv's, or a skip."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in filter(None, candidates):
        code, said = run([candidate, "--version"], cwd=ROOT)
        if code == 0 and f" {version}." in said:
            return candidate
    return pytest.skip(f"there is no Python {version} on this machine")


def new_environment(folder: Path, *requirements: str, python: str = sys.executable) -> Path:
    """A virtual environment with these requirements and nothing else; returns its interpreter."""
    ours = python == sys.executable  # then our own pip does: to unpack one into each environment takes seconds
    succeed([python, "-m", "venv", *(["--without-pip"] if ours else []), folder], cwd=folder.parent)
    inside = folder / "bin" / "python"
    if requirements:
        pip = pip_of(inside) if ours else (inside, "-m", "pip", "--disable-pip-version-check")
        succeed([*pip, "install", "--quiet", *requirements], cwd=folder.parent)
    return inside


def pip_of(python: Path) -> Sequence[str | Path]:
    """Our own pip, at work in the environment of another interpreter of this version."""
    return (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
