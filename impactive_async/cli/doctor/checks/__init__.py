"""The groups of checks of `impactive doctor`, one module each."""
