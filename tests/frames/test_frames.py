"""Rows as tables: one schema for each class, every value exact, and what does not fit is named."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

pa: Any = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")
pd: Any = pytest.importorskip("pandas", reason="the extra `pandas` is not installed")
pl: Any = pytest.importorskip("polars", reason="the extra `polars` is not installed")
pq: Any = pytest.importorskip("pyarrow.parquet")

from impactive_async import AsyncClient, Event, RowList  # noqa: E402
from impactive_async.errors import ConfigurationError, InvalidArgumentError  # noqa: E402
from impactive_async.frames import (  # noqa: E402
    TruncatedRowsWarning,
    arrow_schema,
    to_arrow,
    to_pandas,
    to_polars,
)
from impactive_async.models import (  # noqa: E402
    Contact,
    ContactDraft,
    Deal,
    Enrollment,
    EnrollmentCounts,
    EnrollmentStatus,
    EnrollResult,
    Gap,
    PauseResult,
    Sequence,
    Step,
    StepDraft,
)
from tests.codec.rows import LAWFUL, ROWS, rows_of  # noqa: E402

TABLES = pytest.mark.parametrize("to_table", [to_arrow, to_pandas, to_polars])
WITH_AND_WITHOUT = pytest.mark.parametrize("extra", [True, False], ids=["extra", "no extra"])
INDIA = timezone(timedelta(hours=5, minutes=30))
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def as_arrow_has_it(value: Any, *, extra: bool) -> Any:
    """A row as a record of a table."""
    if isinstance(value, tuple):
        return [as_arrow_has_it(item, extra=extra) for item in value]
    if not attrs.has(type(value)):
        return str(value) if isinstance(value, str) else value
    record = {
        field.name: as_arrow_has_it(getattr(value, field.name), extra=extra)
        for field in attrs.fields(type(value))
        if field.name != "extra"
    }
    return record | ({"extra": dict(value.extra) or None} if extra else {})


def with_json_read(value: Any) -> Any:
    """A record with `extra` as the values that its text has."""
    if isinstance(value, list):
        return [with_json_read(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: json.loads(item) if key == "extra" and item is not None else with_json_read(item)
        for key, item in value.items()
    }


@WITH_AND_WITHOUT
@pytest.mark.parametrize("cls", ROWS)
def test_parquet_gives_back_what_the_rows_were(cls: type[Any], extra: bool, tmp_path: Path) -> None:
    """Whatever rows hold comes back from a Parquet file with its type, or is refused by an error that names it."""
    file = tmp_path / "rows.parquet"

    @LAWFUL
    @given(st.lists(rows_of(cls), max_size=3))
    def law(rows: list[Any]) -> None:
        try:
            table = to_arrow(rows, model=cls, extra=extra)
        except InvalidArgumentError as error:
            refused = str(error)
        else:
            check(table, rows)
            return
        assert refused.startswith(cls.__name__)
        assert "does not fit" in refused

    def check(table: Any, rows: list[Any]) -> None:
        table.validate(full=True)
        pq.write_table(table, file)
        read = pq.read_table(file)
        assert read.schema.equals(arrow_schema(cls, extra=extra))
        assert with_json_read(read.to_pylist()) == [as_arrow_has_it(row, extra=extra) for row in rows]

    law()


@pytest.mark.parametrize("cls", [*ROWS, ContactDraft, StepDraft, EnrollResult, PauseResult])
def test_each_class_has_one_schema(cls: type[Any]) -> None:
    """A table without rows has the columns and types that one with rows has, `extra` last or not at all."""
    names = [field.name for field in attrs.fields(cls)]
    assert arrow_schema(cls).names == to_arrow([], model=cls).column_names == names
    assert arrow_schema(cls, extra=False).names == [name for name in names if name != "extra"]
    assert to_polars([], model=cls).columns == list(to_pandas([], model=cls)) == names


def test_types_are_those_of_the_fields() -> None:
    """Money is decimal, moments have a zone, statuses are dictionaries, and nested rows keep their fields."""
    deal, enrollment, sequence = arrow_schema(Deal), arrow_schema(Enrollment), arrow_schema(Sequence, extra=False)
    assert deal.field("id") == pa.field("id", pa.string(), nullable=False)
    assert deal.field("value") == pa.field("value", pa.decimal128(38, 9))
    assert deal.field("updated_at").type == pa.timestamp("us", tz="UTC")
    assert enrollment.field("status").type == pa.dictionary(pa.int32(), pa.string())
    assert sequence.field("steps").type.value_type.field("position").type == pa.int64()
    counts = sequence.field("enrollment_counts").type
    assert [counts.field(place).name for place in range(counts.num_fields)] == [
        field.name for field in attrs.fields(EnrollmentCounts) if field.name != "extra"
    ]


def test_moments_of_several_zones_are_one_time() -> None:
    """Rows made by hand in several zones stand in UTC."""
    rows = [Deal(id=str(zone), name="Deal", created_at=NOON.astimezone(zone)) for zone in (UTC, INDIA)]
    assert to_arrow(rows).column("created_at").to_pylist() == [NOON, NOON]
    assert set(to_pandas(rows)["created_at"]) == {pd.Timestamp(NOON)}


@TABLES
def test_a_row_may_be_empty_everywhere(to_table: Callable[..., Any]) -> None:
    """A row that has nothing but its id and name makes a table with the usual types."""
    empty, full = Deal(id="1", name=""), Deal(id="2", name="Deal", value=Decimal("0.1"), created_at=NOON)
    alone, both = to_table([empty]), to_table([empty, full])
    assert len(alone) == 1
    if to_table is to_pandas:
        assert list(alone.dtypes) == list(both.dtypes)
    else:
        assert alone.schema == both.schema


def test_pandas_can_compute_with_it() -> None:
    """Amounts are summed exactly, whole numbers stay whole, and a status is a category."""
    deals = [Deal(id="1", name="", value=Decimal("0.1")), Deal(id="2", name="", value=Decimal("0.2"))]
    deals.append(Deal(id="3", name=""))
    frame = to_pandas(deals)
    assert frame["value"].sum() == Decimal("0.3")
    assert pd.api.types.is_numeric_dtype(frame["value"])
    big, none = 2**53 + 1, None
    steps = to_pandas([Step(id="1", position=big), Step(id="2", position=none)])
    assert steps["position"].tolist()[0] == big
    enrolled = Enrollment(id="1", contact_id="2", status=EnrollmentStatus.ACTIVE, updated_at=NOON)
    statuses = to_pandas([enrolled, attrs.evolve(enrolled, status="snoozed")])["status"]
    assert statuses.dtype == "category"
    assert statuses.tolist() == ["active", "snoozed"]


def test_polars_can_compute_with_it() -> None:
    """Amounts are summed exactly, and moments are in UTC."""
    frame = to_polars(
        [Deal(id=str(cents), name="", value=Decimal(cents) / 100, created_at=NOON) for cents in (10, 20)]
    )
    assert frame["value"].sum() == Decimal("0.3")
    assert frame.schema["created_at"] == pl.Datetime("us", "UTC")


@TABLES
@pytest.mark.parametrize(
    ("rows", "model", "said"),
    [
        ([], None, "model=Deal"),
        ([Deal(id="1", name=""), Contact(id="2", first_name="", last_name="")], None, "Contact and Deal"),
        ([Deal(id="1", name="")], Contact, "of Deal, and not of Contact"),
        (Deal(id="1", name=""), None, "not Deal"),
        (7, None, "not int"),
        ([{"id": "1"}], None, "dict is no class of them"),
        ([Gap("deals", "history", None, None)], None, "Gap is no class of them"),
        ([], Deal(id="1", name=""), "a Deal is no class of them"),
        ([], Event, r"event\.row"),
    ],
)
def test_what_is_no_table_is_refused(to_table: Callable[..., Any], rows: Any, model: Any, said: str) -> None:
    """Rows of several classes, no rows of no class, and what is no row: the error says what to do."""
    with pytest.raises(InvalidArgumentError, match=said):
        to_table(rows, model=model)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Deal(id="9", name="", value=Decimal("0.1234567891")), "value"),
        (Deal(id="9", name="", value=Decimal("1e30")), "value"),
        (Deal(id="9", name="", value=Decimal("NaN")), "value"),
        (Deal(id="9", name="", created_at=datetime(2026, 5, 1)), "created_at"),
        (Deal(id="9", name=None), "name"),  # type: ignore[arg-type]
        (Deal(id="9", name="", extra={"rate": float("nan")}), "extra"),
        (Deal(id="9", name="", extra={"who": object()}), "extra"),
    ],
)
def test_a_value_that_does_not_fit_is_named(row: Deal, field: str) -> None:
    """No amount is rounded and no zone is guessed: the error has the row and the field."""
    with pytest.raises(InvalidArgumentError, match=rf"^Deal 9: {field} is .*does not fit"):
        to_arrow([Deal(id="1", name=""), row])


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    """JSON has it, UTF-8 does not: it does not cost the table, and other characters stay."""
    step = Step(id="1", subject="\ud83d", extra={"note": "\udfff"})
    (record,) = to_arrow([Sequence(id="1", name="a\ud800😀", steps=(step,))]).to_pylist()
    assert (record["name"], record["steps"][0]["subject"]) == ("a�😀", "�")
    assert json.loads(record["steps"][0]["extra"]) == {"note": "�"}


def test_extra_of_rows_made_by_hand_is_text() -> None:
    """Values that a service cannot send, but a program can set, are written as they are printed."""
    deal = Deal(id="1", name="", extra={"sum": Decimal("1.50"), "at": NOON})
    assert json.loads(to_arrow([deal]).column("extra")[0].as_py()) == {"sum": "1.50", "at": str(NOON)}


@TABLES
def test_rows_that_are_cut_are_warned_of(to_table: Callable[..., Any]) -> None:
    """The warning points at the caller, says what is missing, and does not come for whole lists."""
    deal, gap = Deal(id="1", name=""), Gap("zapier/deals", "history", None, NOON)
    said = f"1 here, last changed up to {NOON}".replace("+", r"\+")
    with pytest.warns(TruncatedRowsWarning, match=said) as told:
        to_table(RowList([deal], truncated=True, gap=gap))
    assert [one.filename for one in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_table(RowList([deal]))


@pytest.mark.impactive(populate="large")
async def test_lists_of_a_workspace_become_tables(impactive_client: AsyncClient) -> None:
    """What the API answers fits, and a list that it cuts is warned of."""
    with pytest.warns(TruncatedRowsWarning, match="than the 100 here"):
        assert len(to_polars(await impactive_client.zapier.deals.list())) == 100
    assert to_arrow(await impactive_client.sequences.list()).num_rows == 3 + 1


@pytest.mark.parametrize(
    ("to_table", "library", "extra"),
    [
        (to_arrow, "pyarrow", "arrow"),
        (to_pandas, "pandas", "pandas"),
        (to_pandas, "pyarrow", "pandas"),
        (to_polars, "polars", "polars"),
    ],
)
def test_a_missing_extra_is_named(
    to_table: Callable[..., Any], library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library the error says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=rf"{library}.*pip install 'impactive-async\[{extra}\]'"):
        to_table([], model=Deal)
