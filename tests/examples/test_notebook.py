"""The notebook, executed as a user does, against the sandbox that it starts by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.examples.programs import EXAMPLES
from tests.support import PATIENCE

nbformat: Any = pytest.importorskip("nbformat", reason="nbclient is not installed")
nbclient: Any = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="the extra `examples` is not installed")
for name in ("dlt", "duckdb", "matplotlib", "pandas", "polars"):
    pytest.importorskip(name, reason="the extras of the notebook are not installed")


@pytest.mark.slow
async def test_the_notebook_runs(tmp_path: Path) -> None:
    """Each cell works, the plot is there, the second sync brings only what is new, and a gap is told."""
    notebook = nbformat.read(EXAMPLES / "analysing.ipynb", as_version=4)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("IMPACTIVE_")}
    client = nbclient.NotebookClient(
        notebook, timeout=2 * PATIENCE, resources={"metadata": {"path": str(tmp_path)}}, kernel_name="python3"
    )
    await client.async_execute(env={**ours, "DLT_DATA_DIR": str(tmp_path / "dlt")})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    shown = "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    assert shown.index("100 deals") < shown.index("101 deals")
    assert "zapier/deals" in shown
    assert (tmp_path / "crm.duckdb").is_file()


def test_the_notebook_is_kept_without_outputs() -> None:
    """They would be old, and differ with each run."""
    notebook = nbformat.read(EXAMPLES / "analysing.ipynb", as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
