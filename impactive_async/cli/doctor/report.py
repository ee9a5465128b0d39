"""The result as a text fit for a public issue: structures, counts and verdicts, and nothing of the workspace."""

from __future__ import annotations

import json
import platform

from impactive_async import __version__
from impactive_async.cli.doctor.examination import Examination, Finding, Verdict
from impactive_async.cli.doctor.profiling import profile_of


def report_text(examination: Examination) -> str:
    """Return the report as Markdown."""
    counts = dict.fromkeys(Verdict, 0)
    for finding in examination.findings:
        counts[finding.verdict] += 1
    summed = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    profile = json.dumps(profile_of(examination).as_document(), indent=2, ensure_ascii=False)
    return "\n".join(
        (
            "# How a workspace answers",
            "",
            f"impactive-async {__version__}, Python {platform.python_version()}. "
            f"{len(examination.prober.exchanges)} requests: {summed}.",
            "",
            "| check | assumed | seen | verdict |",
            "|---|---|---|---|",
            *(_line(finding) for finding in examination.findings),
            "",
            "## Profile",
            "",
            "```json",
            profile,
            "```",
            "",
        )
    )


def _line(finding: Finding) -> str:
    verdict = finding.verdict.value + (f": {finding.advice}" if finding.advice else "")
    cells = (finding.check, finding.assumed, finding.seen, verdict)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
