"""The OpenAPI 3.1 document of the contract, which is written by hand and ships beside this file."""

import json
from importlib.resources import files
from typing import Any

__all__ = ["openapi_document"]


def openapi_document() -> dict[str, Any]:
    """A fresh copy of the document."""
    document: dict[str, Any] = json.loads((files(__package__) / "openapi.json").read_text("utf-8"))
    return document
