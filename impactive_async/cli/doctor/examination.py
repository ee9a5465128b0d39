"""What was found of a service so far, and what a profile will say of it."""

from __future__ import annotations

from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar

import attrs

from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.places import Place
from impactive_async.cli.doctor.prober import Prober
from impactive_async.cli.doctor.shapes import Rows
from impactive_async.cli.kit.columns import Column


class Verdict(Enum):
    """What a finding means for the SDK."""

    AS_ASSUMED = "as assumed"
    HANDLED = "differs, handled"
    BREAKS = "breaks"
    NOT_SEEN = "not seen"


@attrs.frozen(kw_only=True)
class Finding:
    """One line of the result. It holds structures, counts and names of fields; never a value of the workspace.

    Attributes:
        check: What was looked at.
        assumed: What the contract says, or the SDK assumes.
        seen: What the service answered.
        verdict: What that means.
        advice: What to do, where there is something.
    """

    TABLE: ClassVar = (
        Column("Check", attrgetter("check"), lines=2),
        Column("Assumed", attrgetter("assumed"), lines=3),
        Column("Seen", attrgetter("seen"), lines=3),
        Column("Verdict", attrgetter("verdict.value"), whole=True),
        Column("Advice", attrgetter("advice"), lines=4),
    )

    check: str
    assumed: str
    seen: str
    verdict: Verdict
    advice: str = ""


@attrs.frozen
class Listed:
    """A list that was read: what was asked, what came, and whose list it is."""

    place: Place
    exchange: Exchange
    found: Rows
    ids: tuple[str, ...] = ()


@attrs.define
class Examination:
    """One examination of a service.

    Attributes:
        prober: Sends the requests.
        findings: What was found.
        operations, ids, errors: What a profile will say.
        options_status: How `OPTIONS` was answered; `None`: as a wrong verb, or not asked.
        stored: The finest precision of the stored stamps that was seen.
        lists: The lists that were read.
        ahead: By how many microseconds times without an offset are ahead of UTC.
    """

    prober: Prober
    findings: list[Finding] = attrs.field(factory=list)
    operations: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    ids: dict[str, set[str]] = attrs.field(factory=dict)
    errors: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    options_status: int | None = None
    stored: str | None = None
    lists: dict[str, Listed] = attrs.field(factory=dict)
    sequence_id: str | None = None
    ahead: int = 0

    def tell(self, check: str, assumed: str, seen: str, verdict: Verdict, advice: str = "") -> None:
        """Add a finding."""
        self.findings.append(Finding(check=check, assumed=assumed, seen=seen, verdict=verdict, advice=advice))

    def compare(
        self, check: str, assumed: str, seen: str, otherwise: Verdict = Verdict.HANDLED, advice: str = ""
    ) -> None:
        """Add a finding: as assumed if both texts are the same; the advice is for what breaks."""
        verdict = Verdict.AS_ASSUMED if seen == assumed else otherwise
        self.tell(check, assumed, seen, verdict, advice if verdict is Verdict.BREAKS else "")

    def learn(self, operation: str, **settings: Any) -> None:
        """Keep settings of an operation, or of `*`."""
        self.operations.setdefault(operation, {}).update(settings)

    def learn_id(self, noun: str, value: Any) -> None:
        """Keep the kind of an id."""
        if isinstance(value, str | int) and not isinstance(value, bool):
            self.ids.setdefault(noun, set()).add("number" if isinstance(value, int) else "text")

    @property
    def breaks(self) -> bool:
        """Whether something was found that the SDK does not handle."""
        return any(finding.verdict is Verdict.BREAKS for finding in self.findings)
