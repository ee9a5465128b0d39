"""The vendor's polling recipe against `Feed`, over the same traffic: benchmarks/comparison.py as a test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import often

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "comparison.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comparison", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["comparison"] = module  # attrs looks for it there
    spec.loader.exec_module(module)
    return module


comparison = load()
LOSES = {"ties", "late rows", "bursts over the cap", "crashes", "all of it"}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("troubles", comparison.TROUBLES, ids=lambda troubles: troubles.name)
async def test_the_recipe_loses_and_the_feed_does_not(troubles: object) -> None:
    """A feed loses nothing silently and repeats nothing but after a crash; the recipe loses in silence."""
    theirs, ours = await comparison.compare(troubles, seeds=1, hours=often(3, 5))
    name = troubles.name  # type: ignore[attr-defined]
    assert (theirs.lost > 0) == (name in LOSES)
    assert ours.lost == ours.reported
    assert (ours.repeated > 0) <= ("crashes" in name or name == "all of it")
    assert (ours.lost > 0) <= (name in {"bursts over the cap", "all of it"})
    assert ours.rows == theirs.rows
