"""One run of `impactive doctor`: what is said first, the examination, and what is written down."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from impactive_async.cli.doctor.checks.writes import LEAVES
from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.examining import READING, WRITING, examine
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.prober import RATE, Prober
from impactive_async.cli.doctor.profiling import profile_of
from impactive_async.cli.doctor.report import report_text
from impactive_async.cli.doctor.transcript import write_transcript
from impactive_async.cli.kit.asking import said_yes
from impactive_async.cli.kit.errors import INCOMPLETE, KEY_REFUSED, NO_CONNECTION, UsageError
from impactive_async.cli.kit.run import Run


async def consult(
    run: Run, *, save: Path | None, report: Path | None, transcript: Path | None, writes: bool, yes: bool
) -> None:
    """Examine the workspace and say what was found.

    Raises:
        UsageError: `--writes` was not agreed to.
        OSError: A file cannot be written.
    """
    most = READING + (WRITING if writes else 0)
    run.note(f"At most {most} requests, at most {RATE:.0f} a second: about {most / RATE:.0f} s.")
    if writes:
        _agree(run, yes=yes)
    prober = Prober(run.crm.base_url, os.environ["IMPACTIVE_API_KEY"].strip(), run.options.timeout)
    examination, first = await examine(prober, write=writes)
    run.show(examination.findings)
    if first is not None and first.succeeded and save is not None:
        profile_of(examination).save(save)
        run.note(f"The profile is in {save}: use it with IMPACTIVE_PROFILE={save} or AsyncClient(profile=…).")
    _write_down(run, examination, report, transcript)
    run.note(_summary(examination))
    run.code = _code(examination, first)


def _write_down(run: Run, examination: Examination, report: Path | None, transcript: Path | None) -> None:
    if report is not None:
        report.write_text(report_text(examination), encoding="utf-8")
        run.note(f"The report is in {report}. It holds nothing of the workspace.")
    if transcript is not None:
        count = write_transcript(examination.prober.exchanges, transcript)
        run.note(f"{count} exchanges are in {transcript}, with made-up values.")


def _agree(run: Run, *, yes: bool) -> None:
    run.note(LEAVES)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Say --yes to let --writes write: nobody is there to be asked.")
    with run.before_sending():
        if not said_yes():
            raise UsageError("Nothing was sent. Leave --writes out to read only.")


def _summary(examination: Examination) -> str:
    number = {verdict: sum(one.verdict is verdict for one in examination.findings) for verdict in Verdict}
    parts = ", ".join(f"{count} {verdict.value}" for verdict, count in number.items() if count)
    said = f"{len(examination.prober.exchanges)} requests; {parts}."
    for finding in examination.findings:
        if finding.verdict is Verdict.BREAKS:
            said += f"\n{finding.check}: {finding.seen}. {finding.advice}"
    return said


def _code(examination: Examination, first: Exchange | None) -> int:
    if first is None or first.trouble:
        return NO_CONNECTION.code
    if first.status in (401, 403):
        return KEY_REFUSED.code
    return INCOMPLETE.code if examination.breaks else 0
