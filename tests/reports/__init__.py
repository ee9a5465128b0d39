"""Tests of reports on a workspace."""
