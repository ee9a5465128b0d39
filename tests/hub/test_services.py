"""The units of docs/hubs.md, and a worker as the first process of a container."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from impactive_async.hub.worker.options import WorkerOptions
from tests.docs.pages import ROOT
from tests.support import KEY, PATIENCE

PAGE = (ROOT / "docs" / "hubs.md").read_text()
(UNIT,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
(DEPLOYMENT,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
IMPACTIVE = Path(sys.executable).with_name("impactive")


def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on the PATH")
    unit = tmp_path / "crm-worker.service"
    unit.write_text(UNIT.replace("/opt/crm/bin/impactive", str(IMPACTIVE)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "crm-worker" in line]
    assert (done.returncode, about_ours) == (0, [])


@pytest.mark.parametrize(
    ("text", "setting"), [(UNIT, r"TimeoutStopSec=(\d+)"), (DEPLOYMENT, r"terminationGracePeriodSeconds: (\d+)")]
)
def test_a_supervisor_waits_for_a_lease(text: str, setting: str) -> None:
    """A worker ends within its lease, so nobody kills it before."""
    (seconds,) = re.findall(setting, text)
    assert int(seconds) >= WorkerOptions().lease + 10


def test_the_commands_of_the_units_are_ours() -> None:
    """Each is `impactive worker` with options that there are."""
    started = re.findall(r"ExecStart=\S*/(impactive .*)", UNIT)
    (words,) = re.findall(r"command: (\[.*\])", DEPLOYMENT)
    for command in (*started, " ".join(json.loads(words))):
        assert command == "impactive worker --json"


def first_process(*command: str | Path) -> subprocess.Popen[str]:
    """Run a command as the first process of a namespace that has no network."""
    unshare = ["unshare", "--fork", "--pid", "--net", "--kill-child"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("unshare may not make namespaces here")
    environment = {**os.environ, "IMPACTIVE_API_KEY": KEY, "IMPACTIVE_BASE_URL": "http://127.0.0.1:9"}
    return subprocess.Popen([*unshare, *command], env=environment, stdout=subprocess.PIPE, text=True)


def test_a_worker_is_the_first_process_of_a_container_without_a_network(tmp_path: Path) -> None:
    """It waits for the network, hears SIGTERM, for which a first process has to ask, and ends with 0."""
    process = first_process(IMPACTIVE, "worker", "--json", "--hub", f"sqlite:///{tmp_path}/hub.db")
    assert process.stdout
    told: dict[str, Any] = json.loads(process.stdout.readline())
    assert (told["event"], told["step"]) == ("trouble", "start")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    (worker,) = children.read_text().split()
    os.kill(int(worker), signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert json.loads(said.splitlines()[-1])["event"] == "draining"
