"""Each endpoint in one exchange with a mocked session: verb, path, headers and body to the letter."""

from __future__ import annotations

import json
import sys
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from impactive_async import AsyncClient, RowList, __version__
from tests.resources.cases import Case, Ids, name_of
from tests.resources.endpoints import CASES
from tests.support import KEY

HOST = "https://crm.example"
AGENT = (
    f"impactive-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor} "
    f"aiohttp/{aiohttp.__version__}"
)


def test_the_table_has_all_rows_of_the_contract() -> None:
    """29 endpoints, none left out."""
    assert {case.row for case in CASES} == set(range(1, 30))


@pytest.mark.parametrize("case", CASES, ids=name_of)
async def test_an_endpoint_is_called_as_the_contract_says(case: Case, mocked_api: aioresponses) -> None:
    """Exactly one request, with exactly this verb, path, query, headers and body; its answer becomes the row."""
    url = URL(HOST + case.path).with_query(case.query)
    answer = b"" if case.answer is None else json.dumps(case.answer)
    mocked_api.add(url, case.method, status=case.status, body=answer)
    async with AsyncClient(KEY, base_url=HOST) as crm:
        result = await case.call(crm, Ids())
    assert result == case.result
    assert type(result) is (RowList if case.method == "GET" and type(case.result) is list else type(case.result))
    assert set(mocked_api.requests) == {(case.method, url)}
    (sent,) = mocked_api.requests[case.method, url]
    assert dict(sent.kwargs["headers"]) == headers(case)
    assert (None if sent.kwargs["data"] is None else json.loads(sent.kwargs["data"])) == case.body
    assert sent.kwargs["allow_redirects"] is False


def headers(case: Case) -> dict[str, Any]:
    ours = {"Accept": "application/json", "User-Agent": AGENT, "x-api-key": KEY}
    return ours if case.body is None else {**ours, "Content-Type": "application/json"}
