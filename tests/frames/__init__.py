"""Tests of rows as tables of Arrow, pandas and polars."""
