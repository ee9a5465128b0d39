"""Where the secrets of webhooks come from: environment variables and files, never the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from impactive_async.errors import ConfigurationError
from impactive_async.webhooks import WebhookSecret

VARIABLE: Final = "IMPACTIVE_WEBHOOK_SECRET"
_LARGEST: Final = 65_536


def secrets_of_file(path: Path) -> tuple[WebhookSecret, ...]:
    """Return the secrets of a file, one a line, the newest first.

    Raises:
        ConfigurationError: The file cannot be read, is empty, or a line is no secret.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
    except OSError as error:
        raise ConfigurationError(f"The file of secrets {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"The file of secrets {path} is no text.") from None
    return _parsed(text, f"the file {path}")


def secrets_of_variable(name: str, environment: Mapping[str, str] = os.environ) -> tuple[WebhookSecret, ...]:
    """Return the secrets of an environment variable, with blanks between them, the newest first.

    Raises:
        ConfigurationError: The variable is not set, is empty, or holds what is no secret.
    """
    if not environment.get(name, "").strip():
        raise ConfigurationError(f"The environment variable {name} is to hold a webhook's secret, and is not set.")
    return _parsed(environment[name], f"the environment variable {name}")


def _parsed(text: str, place: str) -> tuple[WebhookSecret, ...]:
    words = text.split()
    if not words:
        raise ConfigurationError(f"There is no secret in {place}.")
    try:
        return tuple(WebhookSecret.parse(word) for word in words)
    except ConfigurationError as error:
        raise ConfigurationError(f"In {place}: {error}") from None
