"""Bytes to rows and back: what an answer says, and what a request carries."""
