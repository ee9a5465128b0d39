"""What the page of an import says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from impactive_async import EnrollReport, Progress
from impactive_async.cli.importing.report.timeline import WorkOverTime
from impactive_async.cli.kit.words.complaints import Complaints, kind_of


@attrs.define(kw_only=True)
class ImportFacts:
    """What is known of an import while it runs, for the page."""

    file: str
    workspace: str
    host: str
    sequence: str | None
    columns: tuple[tuple[str, str], ...]
    """The columns and their fields."""
    began: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    sums: Mapping[str, int] = attrs.field(factory=dict)
    """What became of the lines: the first number is the sum of the others."""
    refusals: list[Complaints] = attrs.field(factory=list)
    """What did not happen to lines, and why."""
    enrolled: Mapping[str, int] = attrs.field(factory=dict)
    """What became of the people on the sequence: the first number is the sum of the others."""
    not_enrolled: Mapping[str, int] = attrs.field(factory=dict)
    """Why people were not enrolled, and how many."""
    timeline: WorkOverTime = attrs.field(factory=WorkOverTime)
    rejects: str | None = None
    """Where the lines to correct are."""
    stopped: str | None = None
    """What stopped it before its end."""

    def creating(self, standing: Progress) -> None:
        """So far people are created."""
        self.timeline.add("lines done", standing.done)

    def enrolling(self, standing: Progress | EnrollReport) -> None:
        """So far people are enrolled, or this came of it."""
        if isinstance(standing, EnrollReport):
            self._enrolled(standing)
        else:
            self.timeline.add("people enrolled", standing.done - standing.failed)

    def _enrolled(self, report: EnrollReport) -> None:
        self.enrolled = {
            "people": report.rows,
            "enrolled": report.enrolled,
            "already_enrolled": report.already_enrolled + report.perhaps_enrolled_now + report.duplicates,
            "skipped": len(report.skipped),
            "unaccounted": report.unaccounted,
            "failed": len(report.failed),
        }
        reasons = Counter([str(contact.reason) for contact in report.skipped])
        reasons.update(kind_of(failure.reason) for failure in report.failed)
        self.not_enrolled = dict(reasons.most_common())
