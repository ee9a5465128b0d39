"""Tests of `impactive report`."""
