"""Hooks of PyInstaller for programs that use this package.

PyInstaller finds them by an entry point. It calls `hook_dirs` and runs what it finds there for what it freezes.
"""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """Return the folders of the hooks: PyInstaller asks for them."""
    return [str(Path(__file__).parent)]
