"""The state of a workspace, and what the passing of time does to it."""
