"""Rows for other programs and libraries: plain JSON values, JSON Schema, and fields of pydantic models."""
