"""What is said when an engine's driver is not installed."""

from __future__ import annotations

from impactive_async.errors import ConfigurationError


def missing_extra(extra: str) -> ConfigurationError:
    """The error to raise from the failed import."""
    return ConfigurationError(
        f"This hub needs a driver that is not installed: pip install 'impactive-async[{extra}]'"
    )
