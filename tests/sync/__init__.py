"""Tests of the source for dlt."""
