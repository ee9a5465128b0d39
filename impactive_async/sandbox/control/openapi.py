"""The OpenAPI 3.1 document of the control API, made from the table of its endpoints."""

import re
from typing import Any

from impactive_async.sandbox.control.endpoints import ENDPOINTS, PREFIX, ControlRoute

__all__ = ["control_document"]

_TOKEN = {"type": "apiKey", "in": "header", "name": "x-sandbox-token"}
_EVENTS = {
    "summary": "The requests as they arrive and as they are answered, as server-sent events.",
    "responses": {"200": {"description": "A stream that does not end.", "content": {"text/event-stream": {}}}},
}


def control_document() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        path = PREFIX + re.sub(r":(\w+)", r"{\1}", endpoint.template)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    paths[PREFIX + "/requests/events"] = {"get": _EVENTS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control API of the ImpactiveAI sandbox", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "x-sandbox-token"}}
        },
    }


def _operation(endpoint: ControlRoute) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r":(\w+)", endpoint.template)
    ]
    in_query = [
        {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in endpoint.query.items()
    ]
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "parameters": in_path + in_query,
        "responses": {str(endpoint.status): {"description": "Done."}, "400": {"description": "What is wrong."}},
    }
    if endpoint.body is not None:
        schema = {
            "type": "object",
            "properties": {name: dict(one.schema) for name, one in endpoint.body.items()},
            "required": [name for name, one in endpoint.body.items() if one.required],
            "additionalProperties": False,
        }
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation
