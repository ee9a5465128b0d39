"""What it takes for a file's name to survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def flush_directory(directory: Path) -> None:
    """Have the names in a directory on the disk, as `fsync` has a file's content."""
    if os.name == "nt":  # a directory cannot be opened there, and a rename is journalled
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
