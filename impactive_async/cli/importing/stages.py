"""The stages of an import, from its file to its report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from impactive_async.cli.importing.columns.fields import COMPANY, EMAIL, is_known, spelling
from impactive_async.cli.importing.columns.mapfile import fitting, load_map, save_map
from impactive_async.cli.importing.columns.mapping import FULL_NAME, Columns, map_columns
from impactive_async.cli.importing.planning.companies import ListedCompanies, list_companies
from impactive_async.cli.importing.planning.deciding import Policy, make_plan
from impactive_async.cli.importing.planning.existing import ListedPeople, list_people
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.importing.planning.recorded import Recorded, has_created_somebody, read_journal
from impactive_async.cli.importing.reading.origin import Origin, opened
from impactive_async.cli.importing.reading.sheet import Asked, Sheet, open_sheet
from impactive_async.cli.importing.report.facts import ImportFacts
from impactive_async.cli.importing.report.page import page
from impactive_async.cli.importing.sending.create import Sending, begin_journal, create_people, put_notes
from impactive_async.cli.importing.sending.outcomes import to_enroll
from impactive_async.cli.importing.sending.rejects import check_place, default_rejects, free_place, write_rejects
from impactive_async.cli.importing.sending.results import write_results
from impactive_async.cli.importing.sending.updates import update_existing
from impactive_async.cli.importing.telling.checking import checking_bar
from impactive_async.cli.importing.telling.columns import tell_columns
from impactive_async.cli.importing.telling.findings import tell_complaints, tell_existing, tell_findings
from impactive_async.cli.importing.telling.preview import PREVIEW, preview
from impactive_async.cli.importing.telling.question import ask
from impactive_async.cli.importing.telling.summary import refused, sums, tell_rejects, tell_report
from impactive_async.cli.kit.errors import INCOMPLETE, UsageError, sentence
from impactive_async.cli.kit.run import SUMMARY, Run
from impactive_async.cli.kit.words.wording import count, listed, quoted
from impactive_async.cli.resources.enroll import enroll_and_report
from impactive_async.pages.document import write_page

if TYPE_CHECKING:
    from impactive_async import CreateReport, Workspace
    from impactive_async import Sequence as EmailSequence


@attrs.frozen(kw_only=True)
class ImportRequest:
    """What the user asks for."""

    file: Path
    asked: Asked
    mapping: Sequence[str]
    map_file: Path | None
    save_map: Path | None
    split_name: str | None
    no_email: bool
    dry_run: bool
    skip_bad: bool
    allow_duplicates: bool
    existing: str
    enroll: str | None
    journal: Path | None
    rejects: Path | None
    results: Path | None
    report: Path | None
    yes: bool
    resend_unknown: bool
    batch_size: int
    concurrency: int
    settle: float


async def run_import(run: Run, request: ImportRequest) -> None:
    """Do it all. See `impactive contacts import`."""
    with ExitStack() as stack:
        with run.before_sending():
            origin = stack.enter_context(opened(request.file))
            sheet = _sheet(origin, request)
            columns = _columns(run, sheet, request)
        run.out.expect(PREVIEW if request.dry_run else SUMMARY)
        await _Import(run, request, sheet, columns).go()


def _sheet(origin: Origin, request: ImportRequest) -> Sheet:
    named = {spelling(pair.rpartition("=")[0]) for pair in _pairs(request)}
    if request.map_file is not None:
        named |= {spelling(pair.rpartition("=")[0]) for pair in load_map(request.map_file)}
    named.discard("")
    return open_sheet(origin, lambda cell: is_known(cell) or spelling(cell) in named, request.asked)


def _pairs(request: ImportRequest) -> list[str]:
    split = [] if request.split_name is None else [f"{request.split_name}={FULL_NAME}"]
    return [*request.mapping, *split]


def _columns(run: Run, sheet: Sheet, request: ImportRequest) -> Columns:
    kept, missing = fitting(load_map(request.map_file) if request.map_file else [], sheet.header)
    if missing:
        run.note(f"{request.map_file} also maps {listed([*map(quoted, missing)])}: no such columns here.")
    first = next(sheet.records(), None)
    columns = map_columns(sheet.header, _pairs(request), kept, first.cells if first else ())
    if request.no_email:
        columns = columns.without(EMAIL)
    if request.save_map is not None:
        save_map(request.save_map, sheet.header, columns)
        run.note(f"What the columns are is kept in {request.save_map}: --map-file reads it.")
    return columns


@attrs.define
class _Import:
    """One import, once its columns are known."""

    run: Run
    request: ImportRequest
    sheet: Sheet
    columns: Columns
    people: ListedPeople | None = None
    facts: ImportFacts | None = None
    """What the page says, once anything is sent."""

    async def go(self) -> None:
        """Look at every line; then send what is to be sent."""
        journal = self._journal()
        if self.request.dry_run:
            plan = await self._plan(journal)
            self._tell(plan)
            preview(self.run, plan)
            self.run.code = INCOMPLETE.code if plan.number(Fate.BAD) else 0
            return
        if journal is None:
            raise UsageError(
                f"{self.sheet.name} has no place where a journal could stand beside it: say where, --journal FILE."
            )
        plan = await self._plan(journal)
        self._tell(plan)
        self._refuse_bad_lines(plan)
        rejects = self._rejects(plan, journal)
        try:
            report = await self._send(plan, journal, rejects)
        except Exception as error:
            if self.facts is not None:
                self.facts.stopped = sentence(error)
            raise
        finally:
            self._write_page()
        if plan.number(Fate.BAD) or plan.not_updated or not report.ok:
            self.run.code = INCOMPLETE.code

    def _journal(self) -> Path | None:
        place = self.sheet.origin.place
        return self.request.journal or (place and place.with_name(place.name + ".journal"))

    def _rejects(self, plan: Plan, journal: Path) -> Path:
        notes, place = plan.known.notes, self.sheet.origin.place
        if self.request.rejects is not None:
            check_place(self.request.rejects, notes)
            return self.request.rejects
        return free_place(default_rejects(place or journal), notes)

    async def _plan(self, journal: Path | None) -> Plan:
        """Ask for what decides on lines, then look at them all. What an earlier run was told holds on."""
        request = self.request
        reachable = not request.dry_run or bool(os.environ.get("IMPACTIVE_API_KEY"))
        if request.existing != "create" and reachable:
            self.people = await list_people(self.run.crm)
        listed = frozenset(self.people.ids.values()) if self.people else frozenset[str]()
        known = await read_journal(journal, listed)
        if known.is_empty:
            known = known.begun_anew()
        if known.notes.companies is None and COMPANY in self.columns.fields and reachable:
            known.notes.companies = await list_companies(self.run.crm)
        companies = ListedCompanies(known.notes.companies)
        policy = Policy(
            allow_duplicates=request.allow_duplicates,
            existing=self._existing(known),
            update=request.existing == "update",
            no_email=request.no_email,
            handed_over=await self._is_handed_over(known),
            journal=str(journal),
        )
        with self.run.before_sending(), checking_bar(self.sheet.name, self.sheet.origin.size) as draw:
            return make_plan(self.sheet, self.columns, companies, known, policy, draw)

    def _existing(self, known: Recorded) -> dict[int, str]:
        """Who was there before this import: found now, or noted when it began."""
        if self.request.existing == "create" or self.people is None:
            return {}
        found = {key: contact for key, contact in self.people.ids.items() if contact not in known.seen}
        noted = {int(key): contact for key, contact in known.notes.existing.items()}
        known.notes.existing = {str(key): contact for key, contact in (found | noted).items()}
        return found | noted

    async def _is_handed_over(self, known: Recorded) -> bool:
        rejects = known.notes.rejects
        return rejects is not None and await has_created_somebody(Path(f"{rejects}.journal"))

    def _tell(self, plan: Plan) -> None:
        tell_columns(self.run, plan)
        tell_findings(self.run, plan)
        if self.request.existing != "create" and self.people is None:
            self.run.note("Who is in the workspace already is looked for when the key is set (IMPACTIVE_API_KEY).")
        if self.people is not None:
            tell_existing(self.run, plan, self.people.shown, update=self.request.existing == "update")
        if self.request.enroll is not None and plan.without_address:
            self.run.note(
                f"{count(plan.without_address, 'line')} of {len(plan):,} have no email address: the sequence "
                "cannot write to these people."
            )

    def _refuse_bad_lines(self, plan: Plan) -> None:
        if plan.number(Fate.BAD) and not self.request.skip_bad:
            raise UsageError(
                f"{count(plan.number(Fate.BAD), 'line')} of {self.sheet.name} cannot be imported, as listed "
                "above; nothing was sent. Correct them, or leave them out with --skip-bad."
            )

    async def _send(self, plan: Plan, journal: Path, rejects: Path) -> CreateReport:
        run, request = self.run, self.request
        sequence = None
        if request.enroll is not None:
            sequence = await run.crm.sequences.get(
                request.enroll
            )  # a mistyped id is told before anybody is created
        workspace = await run.crm.zapier.auth_test()
        if not request.yes:
            ask(run, plan, workspace, sequence)
        await begin_journal(run, plan, journal, workspace)
        self.facts = facts = _facts(run, plan, workspace, sequence)
        if plan.number(Fate.UPDATED):
            facts.refusals.append(await update_existing(run.crm, plan, request.concurrency))
            tell_complaints(run, plan, facts.refusals[-1])
        sending = Sending(
            journal=journal,
            batch_size=request.batch_size,
            concurrency=request.concurrency,
            settle=request.settle,
            resend_unknown=request.resend_unknown,
        )

        async def tell(report: CreateReport) -> None:
            facts.refusals += tell_report(run, plan, report)
            facts.sums = sums(plan, report)
            await self._write(plan, journal, rejects, report)

        report = await create_people(run, plan, sending, tell, facts.creating)
        if request.enroll is not None:
            total = report.created + report.already_created + plan.number(Fate.UPDATED)
            await enroll_and_report(run, request.enroll, to_enroll(journal), total=total, watch=facts.enrolling)
        return report

    async def _write(self, plan: Plan, journal: Path, rejects: Path, report: CreateReport) -> None:
        """Write the lines to correct, and the list of results."""
        lines = refused(plan, report)
        if lines or plan.number(Fate.BAD):
            with self.run.signals.at_once():
                number = write_rejects(rejects, plan, lines)
            tell_rejects(self.run, plan, rejects, number)
            if self.facts is not None:
                self.facts.rejects = str(rejects)
            await put_notes(plan, journal)
        if self.request.results is not None:
            await write_results(self.request.results, journal)

    def _write_page(self) -> None:
        """Write the page, if it is asked for and anything was sent."""
        if self.facts is not None and self.request.report is not None:
            self.facts.ended = datetime.now(UTC)
            write_page(self.request.report, page(self.facts))
            self.run.note(f"The report is in {self.request.report}.")


def _facts(run: Run, plan: Plan, workspace: Workspace, sequence: EmailSequence | None) -> ImportFacts:
    header = plan.sheet.header
    return ImportFacts(
        file=plan.sheet.name,
        workspace=workspace.name or workspace.id,
        host=run.crm.base_url,
        sequence=None if sequence is None else sequence.name or sequence.id,
        columns=tuple(
            (header[place] or f"#{place + 1}", field) for place, field in plan.columns.targets().items()
        ),
        refusals=[plan.bad],
    )
