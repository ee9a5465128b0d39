"""Running a pipeline so that a run that was killed is made good by the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from impactive_async.errors import ImpactiveError, InvalidArgumentError
from impactive_async.sync_source.resources import LISTS
from impactive_async.sync_source.tables import COVERAGE, NAME, columns_of
from impactive_async.sync_source.tidying import tidy

_TYPES: Final = {
    "feed": "text",
    "kind": "text",
    "sequence_id": "text",
    "complete_until": "timestamp",
    "last_row": "timestamp",
    "last_page": "timestamp",
    "gaps": "bigint",
    "in_doubt": "bigint",
    "lateness_seconds": "double",
    "overlap_seconds": "double",
    "polled_at": "timestamp",
    "error": "text",
}


def run(pipeline: Any, data: Any) -> Any:
    """Run a pipeline from the destination's state, and return dlt's information about the load.

    Local files of earlier runs are discarded: dlt goes on from them, and fails if a kill came between two folders.

    The table `_coverage` is written by a second load, so that it never says of a list that it is complete before
    the rows are there. Of dlt's own records of earlier runs only the last ones are kept.

    Args:
        pipeline: The pipeline, with a destination that keeps dlt's state, as all databases do.
        data: What `source` returned.

    Raises:
        InvalidArgumentError: The pipeline is told not to restore its state from the destination.
        APIError: The key is refused, or the server is out of reach. Nothing was loaded.
        CursorError: The destination has cursors of another workspace. Nothing was loaded.
        ConfigurationError: A table has changed since an earlier run. Nothing was loaded.
        PipelineStepFailed: dlt's error: the load failed. The next run starts from the same state.
    """
    if not pipeline.config.restore_from_destination:
        raise InvalidArgumentError("the cursors are restored from the destination: allow restore_from_destination")
    try:
        info = pipeline.drop().run(data)
        _write_coverage(pipeline)
        tidy(pipeline, closed=[place["closed"] for place in _places(pipeline) if place.get("closed")])
    except PipelineStepFailed as error:
        ours = next((one for one in _causes(error) if isinstance(one, ImpactiveError)), None)
        if ours is None:
            raise
        raise ours from None
    return info


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _write_coverage(pipeline: Any) -> None:
    pipeline.run(
        list(_coverage(pipeline)) or [dlt.mark.materialize_table_schema()],
        table_name=COVERAGE,
        write_disposition="merge",
        primary_key="feed",
        columns=columns_of(_TYPES, required=("feed",)),
        schema=pipeline.schemas[NAME],
    )


def _coverage(pipeline: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of `_coverage`, as the state has them that was loaded."""
    for place in _places(pipeline):
        if place["coverage"]:
            yield {name: _value(_TYPES[name], value) for name, value in place["coverage"].items()}


def _places(pipeline: Any) -> Iterator[Mapping[str, Any]]:
    """Yield how far each list has come, as `ListPlace.dump` has written it."""
    for kind in pipeline.state["sources"].get(NAME, {}).get("resources", {}).values():
        yield from kind.get(LISTS, {}).values()


def _value(kind: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if kind == "timestamp" and isinstance(value, str) else value
