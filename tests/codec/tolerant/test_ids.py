"""Ids that are numbers."""

from __future__ import annotations

import attrs
import pytest

from impactive_async import models
from impactive_async._codec.tolerant.ids import noun_of_field
from impactive_async.profile import ID_NOUNS

ROWS = [cls for name in models.__all__ if attrs.has(cls := getattr(models, name)) and hasattr(cls, "extra")]


@pytest.mark.parametrize("cls", [cls for cls in ROWS if "id" in attrs.fields_dict(cls)])
def test_what_is_learnt_of_ids_is_what_profiles_know(cls: type) -> None:
    """Whose ids a row class has is a noun of the file format: a profile with another one could not be loaded."""
    assert noun_of_field(cls, "id") in ID_NOUNS
