"""Where the secrets of webhooks come from: environment variables and files, never the command line."""

from __future__ import annotations

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from impactive_async.errors import ConfigurationError
from impactive_async.webhooks import WebhookSecret

VARIABLE: Final = "IMPACTIVE_WEBHOOK_SECRET"


def secrets_of_file(path: Path) -> tuple[WebhookSecret, ...]:
    """Return the secrets of a file, one a line, the newest first.

    Raises:
        ConfigurationError: The file cannot be read, is empty, or a line is no secret.
    """
    try:
        text = text_of_file(path)
    except OSError as error:
        raise ConfigurationError(f"The file of secrets {path} cannot be read: {error.strerror}.") from error
    except UnicodeError:
        raise ConfigurationError(f"The file of secrets {path} is no text.") from None
    return _parsed(text, f"the file {path}")


def text_of_file(path: Path) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark, as shells on Windows write what they redirect.

    Raises:
        OSError: It cannot be read.
        UnicodeError: It is no text.
    """
    content = path.read_bytes()
    return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")


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
