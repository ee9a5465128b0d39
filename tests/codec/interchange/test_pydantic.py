"""Rows as fields of pydantic models, and as answers and bodies of FastAPI."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import aiohttp
import pytest
from fastapi import Body, FastAPI
from hypothesis import given
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from impactive_async import Contact, ContactDraft, Sequence, Step, from_dict, to_dict
from tests.codec.interchange.test_dicts import ALL
from tests.codec.rows import LAWFUL, rows_of
from tests.examples.programs import serving
from tests.test_import import python

ADA = Contact(id="1", first_name="Ada", last_name="Lovelace", extra={"vip": True})


class Report(BaseModel):
    """A model of a program's own."""

    best: Contact
    others: list[Contact] = []
    sequence: Sequence | None = None


@pytest.mark.parametrize("cls", ALL)
def test_a_row_survives_pydantic(cls: type[Any]) -> None:
    """It is taken as it is, put out as `to_dict` does, described by the schema, and read back as the same row."""
    adapter: TypeAdapter[Any] = TypeAdapter(cls)
    check = Draft202012Validator(adapter.json_schema(mode="serialization"))

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        assert adapter.validate_python(row) is row
        assert adapter.dump_python(row) == adapter.dump_python(row, mode="json") == to_dict(row)
        assert adapter.validate_python(to_dict(row)) == row
        check.validate(adapter.dump_python(row))

    law()


def test_a_row_in_a_model() -> None:
    """Models with rows go to JSON and back, and what is no row is an error with its place."""
    report = Report(best=ADA, others=[ADA], sequence=Sequence(id="1", name="n", steps=(Step(id="2"),)))
    assert Report.model_validate_json(report.model_dump_json()) == report
    with pytest.raises(ValidationError, match=r"others\.0\n.*Contact\.last_name: missing"):
        Report.model_validate({"best": to_dict(ADA), "others": [{"id": "1", "first_name": "Ada"}]})
    with pytest.raises(ValidationError, match=r"best\n.*a Contact, or an object with its fields"):
        Report.model_validate({"best": "Ada"})


def test_models_are_described_with_their_rows() -> None:
    """A row is one definition, however often it is used, and for output it has every key."""
    taken, put_out = Report.model_json_schema(), Report.model_json_schema(mode="serialization")
    assert taken["properties"]["best"] == {"$ref": "#/$defs/Contact"}
    assert taken["$defs"]["Contact"]["required"] == ["id", "first_name", "last_name"]
    assert "email" in put_out["$defs"]["Contact"]["required"]
    Draft202012Validator(put_out).validate(Report(best=ADA).model_dump(mode="json"))


def service() -> FastAPI:
    """A service whose answers and bodies are rows."""
    app = FastAPI()

    async def show() -> list[Contact]:
        return [ADA]

    async def make(draft: Annotated[ContactDraft, Body()]) -> Contact:
        return from_dict(Contact, {**to_dict(draft), "id": "2"})

    app.get("/contacts", response_model=list[Contact])(show)
    app.post("/contacts", response_model=Contact)(make)
    return app


async def test_a_row_as_fastapis_answer_and_body() -> None:
    """It is put out whole, checked on its way in, and named in the OpenAPI document."""
    app = service()
    async with serving(app) as url, aiohttp.ClientSession(url) as session:
        async with session.get("/contacts") as answer:
            assert await answer.json() == [to_dict(ADA)]
        async with session.post("/contacts", json={"first_name": "Bo", "last_name": "B"}) as answer:
            assert (await answer.json())["first_name"] == "Bo"
        async with session.post("/contacts", json={"first_name": "Bo"}) as answer:
            assert answer.status == 422
            assert "ContactDraft.last_name: missing" in await answer.text()
    assert {"Contact", "ContactDraft"} <= {*app.openapi()["components"]["schemas"]}


def test_rows_do_not_import_pydantic() -> None:
    """Whoever does not use it does not pay for it, not even when rows become dicts and schemas."""
    assert "pydantic" in sys.modules  # here it is installed
    loaded = python(
        "import sys, impactive_async as i\n"
        "i.from_dict(i.Step, i.to_dict(i.Step(id='1'))); i.json_schema(i.Step)\n"
        "print([name for name in sys.modules if name.startswith('pydantic')])"
    )
    assert loaded == "[]"
