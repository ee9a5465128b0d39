"""What a process that was forked begins anew, before it does anything else."""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Something that holds what a fork does not carry over, such as a thread."""

    def begin_anew(self) -> None:
        """Forget what is the parent's. This runs in the new process."""


_FORKED: Final[WeakSet[Forked]] = WeakSet()


def begin_anew_in_forks(owner: Forked) -> None:
    """Have `begin_anew` called in each process that is forked from this one."""
    _FORKED.add(owner)


def _begin() -> None:
    for owner in list(_FORKED):
        owner.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)
