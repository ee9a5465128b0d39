"""Answers within bounds: pages of rows, what is left of them, and the errors that say what to do."""
