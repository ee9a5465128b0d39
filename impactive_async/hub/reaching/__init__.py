"""Reaching an engine: its URL, what no waiting mends, what answers there, and calls that are cancelled."""
