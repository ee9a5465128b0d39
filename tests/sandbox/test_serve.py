"""The sandbox as a program."""

import asyncio
import re
import signal
import subprocess
import sys
import urllib.request

import aiohttp
import pytest

from impactive_async.sandbox import Sandbox, main, serve
from tests.support import PATIENCE

MODULE = [sys.executable, "-m", "impactive_async.sandbox"]


def test_the_program_serves_until_interrupted() -> None:
    """It prints url, key and a curl line that works, and Ctrl-C ends it cleanly."""
    command = [*MODULE, "--port", "0", "--seed", "s", "--speed", "3600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, "the program ended early"
            lines.append(line)
        text = "".join(lines)
        found = re.search(r"curl -H 'x-api-key: (icrm_\w{32})' (http://\S+)", text)
        assert found is not None
        assert f"IMPACTIVE_API_KEY={found[1]}" in text
        assert "3600 virtual second(s) per second" in text
        request = urllib.request.Request(found[2], headers={"x-api-key": found[1]})
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            assert response.headers["x-impactive-sandbox"] == "1"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
        assert "Stopped." in output


async def test_a_taken_port_is_one_helpful_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A port in use is explained on stderr with what to do, without a traceback, and the exit code is 1."""
    async with Sandbox() as sb:
        port = sb.url.rpartition(":")[2]
        assert await asyncio.to_thread(main, ["--port", port]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert f"127.0.0.1:{port}" in errors
    assert "--port 0" in errors


@pytest.mark.parametrize("speed", ["0", "-1", "inf", "nan", "fast"])
def test_a_speed_must_be_positive(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A speed that is no positive number is a usage error."""
    with pytest.raises(SystemExit) as caught:
        main(["--speed", speed])
    assert caught.value.code == 2
    assert "--speed" in capsys.readouterr().err


async def test_serving_ends_with_its_task() -> None:
    """`serve` runs until it is cancelled, telling the time of the real clock, and lets its port go."""
    said: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(serve(port=0, speed=2, say=said.put_nowait))
    async with asyncio.timeout(PATIENCE):
        assert "2 virtual second(s)" in await said.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1


def test_an_interrupt_is_a_clean_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is how it ends, so the exit code is 0."""

    def interrupted(coroutine: object) -> None:
        coroutine.close()  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    assert main([]) == 0
    assert "Stopped." in capsys.readouterr().out


def test_a_profile_that_cannot_be_used_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be read, and a dialect beside a profile, are explained on stderr."""
    assert main(["--port", "0", "--profile", "/none.json"]) == 1
    assert capsys.readouterr().err == (
        "Cannot serve this: profile /none.json cannot be read: No such file or directory.\n"
    )
    with pytest.raises(SystemExit):
        main(["--profile", "x", "--dialect", "noun"])
    assert "not allowed with" in capsys.readouterr().err


async def test_numbered_workspaces_are_new_each_time() -> None:
    """Where ids are numbers, so is that of the served workspace; two starts differ."""
    found = set()
    for _ in range(2):
        said: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(serve(port=0, dialect="numbers", say=said.put_nowait))
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            [(key, url)] = re.findall(r"curl -H 'x-api-key: (icrm_\w{32})' (http://[^/]+)", await said.get())
            headers = {"x-api-key": key}
            async with session.get(f"{url}/api/zapier/auth/test", headers=headers) as answer:
                found.add((await answer.json())["id"])
        task.cancel()
        await asyncio.wait([task])
    assert len(found) == 2
    assert all(type(workspace_id) is int for workspace_id in found)
