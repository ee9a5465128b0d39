"""Bulk work: any number of rows in batches, with bounded memory and concurrency, and a report at the end.

Nothing here knows an endpoint: `resources` passes the calls in.
"""
