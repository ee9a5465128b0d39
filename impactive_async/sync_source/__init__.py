"""A source for dlt: the workspace in tables, for each of dlt's databases. It needs the extra `sync`.

    pipeline = dlt.pipeline("crm", destination="duckdb", dataset_name="workspace")
    run(pipeline, source())

Each list is polled once per run. Its cursor stands in dlt's state, which dlt writes with the rows of the same load
package. The destination's state counts only if its package was loaded whole. So `run` starts from there: after a
run that was killed, the rows come again and are merged on their `id`.

Importing this package turns dlt's telemetry off, unless `RUNTIME__DLTHUB_TELEMETRY` is `true` already.

With DuckDB, `dataset_name` must not be the file's name without its suffix: DuckDB could not tell them apart.
"""

import os

from impactive_async.errors import ConfigurationError

# dlt reports its use to its maker unless told otherwise, and reads this when a pipeline is made.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

try:
    import dlt as _dlt
except ImportError as error:
    raise ConfigurationError(
        "Syncing needs dlt, which is not installed: pip install 'impactive-async[sync]'"
    ) from error

from impactive_async.sync_source.destinations import SyncDestination, destination
from impactive_async.sync_source.listed import ListPolled
from impactive_async.sync_source.resources import source
from impactive_async.sync_source.running import run
from impactive_async.sync_source.summary import TableSummary, Tally
from impactive_async.sync_source.tables import KINDS

del _dlt

__all__ = ["KINDS", "ListPolled", "SyncDestination", "TableSummary", "Tally", "destination", "run", "source"]
