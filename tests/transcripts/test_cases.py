"""What the SDK must make of answers: each file in `cases/` is one answer and its meaning.

A file has the `request` and `answer` of `impactive doctor --transcript`, the client's method (`call`) with its
`arguments`, and what that must return (`means`): the fields of the row or rows that are compared, or the class of
the error. A correction from a real workspace is a new file.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from impactive_async import APIError, AsyncClient, errors
from impactive_async.sandbox import Sandbox

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


def read(file: Path) -> Any:
    """What a case says."""
    return json.loads(file.read_text(encoding="utf-8"))


def body_of(answer: dict[str, Any]) -> bytes:
    """The body: a text stands for itself, anything else for its JSON."""
    body = answer["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def check(value: Any, means: Any) -> None:
    """Compare a value with what is said of it; fields that are not named may be anything."""
    if isinstance(means, list):
        assert len(value) == len(means)
        for one, meant in zip(value, means, strict=True):
            check(one, meant)
    elif isinstance(means, dict):
        for name, meant in means.items():
            check(getattr(value, name), meant)
    elif isinstance(value, datetime):
        assert value == datetime.fromisoformat(means)
    else:
        assert value == (Decimal(means) if isinstance(value, Decimal) else means)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
async def test_an_answer_means_what_its_case_says(file: Path) -> None:
    """The client returns the rows, or raises the error, and counts the deviations that the case names."""
    case = read(file)
    request, answer, means = case["request"], case["answer"], case["means"]
    async with Sandbox() as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url, max_retries=0) as crm:
        sandbox.fail(
            f"{request['method']} {request['path']}",
            status=answer["status"],
            body=body_of(answer),
            content_type=answer["headers"].get("content-type", "application/json"),
            headers={name: value for name, value in answer["headers"].items() if name != "content-type"},
        )
        call = attrgetter(case["call"])(crm)
        if isinstance(means, dict) and "error" in means:
            with pytest.raises(getattr(errors, means["error"])) as raised:
                await call(**case["arguments"])
            assert isinstance(raised.value, APIError)
            assert raised.value.outcome_unknown == means.get("outcome_unknown", False)
        else:
            check(await call(**case["arguments"]), means)
        assert sorted(crm.stats().deviations) == sorted(case["deviations"])


def test_there_are_cases() -> None:
    """A folder that is empty would check nothing."""
    assert len(CASES) >= 12
