"""Rows as tables of Arrow, pandas and polars, with the types that the API's fields have.

It needs the extra `arrow`, `pandas` or `polars`. Importing this package loads none of them.
"""

from impactive_async.frames.tables import TruncatedRowsWarning, arrow_schema, to_arrow, to_pandas, to_polars

__all__ = ["TruncatedRowsWarning", "arrow_schema", "to_arrow", "to_pandas", "to_polars"]
