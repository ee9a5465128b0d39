"""The control API of a sandbox, and its client."""
