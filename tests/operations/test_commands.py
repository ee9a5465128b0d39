"""The port, the token and OpenTelemetry as commands take them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import impactive_async
from tests.cli.support import PATIENCE, command_line, environment, invoke, live_sandbox

TOKEN = "0123456789abcdef"
COMMANDS = {
    "worker": ("worker", "--hub", "sqlite:///gone/hub.db", "--listen", "127.0.0.1:0", "--allow-actions"),
    "forward": ("forward", "--to", "nats://h", "--listen", "127.0.0.1:0", "--allow-actions"),
    "mcp": ("mcp", "--sandbox", "--http", "127.0.0.1:0"),
}
VARIABLES = {
    "worker": "IMPACTIVE_ACTIONS_TOKEN",
    "forward": "IMPACTIVE_ACTIONS_TOKEN",
    "mcp": "IMPACTIVE_MCP_TOKEN",
}

SETUP = """
import os
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

spans = TracerProvider()
spans.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=open(os.environ["SPANS"], "w"))))
trace.set_tracer_provider(spans)
reader = PeriodicExportingMetricReader(ConsoleMetricExporter(out=open(os.environ["METRICS"], "w")), 3_600_000)
metrics.set_meter_provider(MeterProvider([reader]))  # it exports once more as the program ends
"""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "put one into {variable}, or into a file for --token-file"),
        (b" \r\n", "put one into {variable}, or into a file for --token-file"),
        (b"x\n", "The token has 1 character, and 16 are needed"),
        (TOKEN[1:].encode(), "The token has 15 characters, and 16 are needed"),
        (f"{TOKEN}\n{TOKEN}".encode(), "one word"),
        (f"{TOKEN[:8]} {TOKEN[8:]}".encode(), "one word"),
        (b"\xff\x80" * 16, "token: it is no text."),
        (None, "token: No such file or directory."),
    ],
    ids=["empty", "blank", "one", "fifteen", "two", "two words", "binary", "gone"],
)
def test_a_token_is_one_long_word(
    command: str, content: bytes | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of a file as out of a variable; what is wrong is one sentence, which does not show it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    tries = [((*COMMANDS[command], "--token-file", str(file)), {VARIABLES[command]: TOKEN})]
    if content is not None and b"\xff" not in content:
        tries.append((COMMANDS[command], {VARIABLES[command]: content.decode()}))
    for arguments, env in tries:
        outcome = invoke(*arguments, env={"IMPACTIVE_HUB": None, **env})
        assert outcome.code == 2, outcome
        assert sentence.format(variable=VARIABLES[command]) in outcome.err
        assert TOKEN[:8] not in outcome.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("command", ["worker", "forward"])
def test_a_token_may_come_from_windows(
    command: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What shells there write begins with a mark, which is no part of it: the next trouble is another one."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\r\n", encoding=encoding)
    outcome = invoke(*COMMANDS[command], "--token-file", str(file), env={"IMPACTIVE_HUB": None})
    assert "token" not in outcome.err
    assert "No API key" in outcome.err


@pytest.mark.slow
def test_otel_of_a_worker_measures_and_traces(tmp_path: Path) -> None:
    """With the providers that the program was started with, as `opentelemetry-instrument` sets them up."""
    (tmp_path / "sitecustomize.py").write_text(SETUP)
    files = {"SPANS": str(tmp_path / "spans"), "METRICS": str(tmp_path / "metrics")}
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with live_sandbox(seed="otel") as live:
        options = ("--hub", f"sqlite:///{tmp_path}/hub.db", "--kind", "deals", "--interval", "0.2", "--otel")
        with subprocess.Popen(
            command_line("worker", *options, "--json"),
            env=environment(live.env | files | {"PYTHONPATH": path}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as worker:
            assert worker.stdout
            next(line for line in worker.stdout if '"polled"' in line)
            worker.send_signal(signal.SIGTERM)
            _, err = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, err
    metrics, spans = (tmp_path / name for name in ("metrics", "spans"))
    for name in ("impactive.worker.polls", "impactive.hub.up", "http.client.request.duration"):
        assert f'"name": "{name}"' in metrics.read_text()
    assert '"name": "GET /api/zapier/deals"' in spans.read_text()


@pytest.mark.parametrize("command", ["worker", "forward"])
def test_otel_without_its_extra_is_one_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names what to install, and nothing is begun."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "impactive_async.otel", raising=False)
    monkeypatch.delattr(impactive_async, "otel", raising=False)  # there if another test has imported it
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with live_sandbox(seed="otel") as live:
        hub = f"sqlite:///{tmp_path}/hub.db"
        assert invoke("hub", "init", "--hub", hub).code == 0
        arguments = {"worker": ("worker", "--hub", hub), "forward": ("forward", "--to", "nats://h")}
        outcome = live.cli(*arguments[command], "--otel")
    assert outcome.code == 2
    assert "pip install 'impactive-async[otel]'" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_the_second_act_without_its_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what to install."""
    ours = ("metrics", "server")
    for name in ["impactive_async.cli.demo.operations", *(f"impactive_async.operations.{one}" for one in ours)]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "prometheus_client"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    outcome = invoke("demo", "--ops")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--ops needs prometheus-client: pip install 'impactive-async[metrics]'" in outcome.err
    assert len(outcome.err.splitlines()) == 1
