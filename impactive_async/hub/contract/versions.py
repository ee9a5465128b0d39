"""The version of what engines store, and the steps that lead from one version to the next.

One number holds for all engines. Each step is carried out by `Hub.init(upgrade=True)`, whole or not at all. It
leaves nothing to programs of an older version with which they could do harm: their claims and commits fail.
"""

from __future__ import annotations

from typing import Final

from impactive_async.errors import ConfigurationError

VERSION: Final = 7
"""The version that this program reads and writes."""

STEPS: Final = {
    2: "2: fencing tokens and the schedule follow a clock that never goes back, and a commit names the cursor "
    "that its claim began from",
    3: "3: deliveries are counted, and events that no consumer can handle become dead letters",
    4: "4: a reader can have a consumer group to itself, and can postpone events",
    5: "5: a new group only notes where it starts in the log, and failing feeds are listed",
    6: "6: feeds can be paused, and polled at once",
    7: "7: what somebody deletes of what groups have not acknowledged is noticed, and groups are moved in steps",
}
"""What each step changes, by the version that it leads to."""


def steps_from(version: int) -> list[str]:
    """Return what an upgrade of a hub of this version changes, a sentence for each step.

    Raises:
        ConfigurationError: The hub is newer than this program.
    """
    if version > VERSION:
        raise other_version(version)
    return [STEPS[number] for number in range(version + 1, VERSION + 1)]


def check_version(version: int) -> None:
    """Accept a hub of this program's version.

    Raises:
        ConfigurationError: The hub is older or newer.
    """
    if version != VERSION:
        raise other_version(version)


def other_version(version: int) -> ConfigurationError:
    """Return the error for a hub that is older or newer than this program."""
    if version >= VERSION:
        return ConfigurationError(
            f"This hub has version {version}, and this program knows versions up to {VERSION}: upgrade "
            "impactive-async. Nothing was changed."
        )
    return ConfigurationError(
        f"This hub has version {version}, and this program needs version {VERSION}. Nothing was changed. Upgrade "
        "the hub with `impactive hub init --upgrade`, or Hub.init(upgrade=True), which takes these steps: "
        f"{'; '.join(steps_from(version))}. Programs of the older version then stop with an error: upgrade them "
        "too."
    )
