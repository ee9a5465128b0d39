"""The page of a report: one file of HTML, without scripts, that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from html import escape
from importlib.resources import files
from typing import Final

from impactive_async.pages.document import document, stranger
from impactive_async.pages.texts import in_one_line
from impactive_async.reports.charts import bars
from impactive_async.reports.pipeline import CurrencyTotal, PipelineReport, StageTotal
from impactive_async.reports.sequence import SequenceReport, StepFunnel
from impactive_async.reports.words import amount, duration, moment, share

_NO_STAGE: Final = "no stage"
_NO_CURRENCY: Final = "no currency"
_STEPS: Final = {
    "Step": "short",
    "Subject": "text",
    "Sent": "number",
    "Replied": "number",
    "Booked": "number",
    "Time to reply": "number",
}
_STAGES: Final = {"Stage": "text", "Deals": "number", "No value": "number", "Sum": "number"}


def page(report: SequenceReport | PipelineReport) -> str:
    """Return a report as a page of HTML, for a browser or a printer. It needs the extra `report`.

    The page is complete in itself, and follows the reader's choice of light or dark.

    Args:
        report: What `sequence_report` or `pipeline_report` returned.

    Raises:
        ConfigurationError: pygal, which draws the charts, is not installed.
    """
    if isinstance(report, SequenceReport):
        return _html(report.name or report.sequence_id, report, _sequence(report))
    return _html("Pipeline", report, _pipeline(report))


def _html(title: str, report: SequenceReport | PipelineReport, sections: Iterator[str]) -> str:
    style = files("impactive_async.reports").joinpath("page.css").read_text(encoding="utf-8")
    missing = "".join(f"<li>{_text(sentence)}</li>" for sentence in report.missing)
    notes = f'<section class="missing">\n<h2>Not counted</h2>\n<ul>{missing}</ul>\n</section>\n' if missing else ""
    intro, rest = next(sections), "".join(sections)
    foot = f"{moment(report.at)} · "
    return document(in_one_line(title), _text(title), style, f"{intro}{notes}{rest}", foot=foot)


def _sequence(report: SequenceReport) -> Iterator[str]:
    statuses = ", ".join(f"{count:,} {status}" for status, count in report.statuses.items() if count)
    now = f". On it now: {_text(statuses)}" if statuses else ""
    yield f"<p>{_text(f'Sequence, {report.status}' if report.status else 'Sequence')}{now}.</p>\n"
    figures = [("enrolled", report.enrolled), ("sent", report.sent)]
    figures += [("replied", report.replied), ("booked", report.booked)]
    yield f'<section>\n<h2>People</h2>\n<dl class="figures">{"".join(_figures(report))}</dl>\n'
    if report.enrolled:
        said = ", ".join(f"{number:,} {name}" for name, number in figures)
        names = [name for name, _ in figures]
        yield bars(names, {"people": [number for _, number in figures]}, said=said)
    yield "</section>\n<section>\n<h2>Step by step</h2>\n"
    yield _steps(report.steps) if report.steps else "<p>The sequence has no steps.</p>\n"
    yield "</section>\n"


def _figures(report: SequenceReport) -> Iterator[str]:
    yield _figure("enrolled", f"{report.enrolled:,}", "")
    beside = share(report.sent, report.enrolled) if report.emails_since is None else "of those shown"
    yield _figure("got an email", f"{report.sent:,}", beside)
    yield _figure("replied", f"{report.replied:,}", share(report.replied, report.sent))
    yield _figure("booked", f"{report.booked:,}", share(report.booked, report.sent))
    yield _figure("time to reply", _time(report.time_to_reply), "median" if report.time_to_reply else "")


def _figure(name: str, value: str, beside: str) -> str:
    small = f" <small>{escape(beside)}</small>" if beside else ""
    return f"<div><dt>{name}</dt><dd>{escape(value)}{small}</dd></div>"


def _steps(steps: Sequence[StepFunnel]) -> str:
    rows = [
        (
            _step(step),
            _text(step.subject or ""),
            f"{step.sent:,}",
            _part(step.replied, step.sent),
            _part(step.booked, step.sent),
            _time(step.time_to_reply),
        )
        for step in steps
    ]
    return f"{_chart_of(steps)}{_table(_STEPS, rows)}"


def _chart_of(steps: Sequence[StepFunnel]) -> str:
    if not any(step.sent for step in steps):
        return ""
    series = {name: [getattr(step, name) for step in steps] for name in ("sent", "replied", "booked")}
    legend = "".join(f'<li class="color-{place}"><i></i>{name}</li>' for place, name in enumerate(series))
    said = "; ".join(f"{_step(s)}: {s.sent} sent, {s.replied} replied, {s.booked} booked" for s in steps)
    chart = bars([f"Step {_step(step)}" if step.step_id else "gone" for step in steps], series, said=said)
    return f'<ul class="legend">{legend}</ul>\n{chart}\n'


def _step(step: StepFunnel) -> str:
    return "gone" if step.position is None else str(step.position + 1)


def _part(part: int, whole: int) -> str:
    return f"{part:,} <small>{escape(share(part, whole))}</small>"


def _time(time: timedelta | None) -> str:
    return "-" if time is None else duration(time.total_seconds())


def _pipeline(report: PipelineReport) -> Iterator[str]:
    if not report.deals:
        yield "<p>There are no deals.</p>\n"
    else:
        yield f"<p>{report.deals:,} {'deal' if report.deals == 1 else 'deals'}.</p>\n"
    for total in report.totals:
        yield _currency(total, report.stages_in(total.currency))


def _currency(total: CurrencyTotal, stages: Sequence[StageTotal]) -> str:
    currency = total.currency or _NO_CURRENCY
    names = [stage.stage or _NO_STAGE for stage in stages]
    said = ", ".join(f"{name}: {amount(stage.value)}" for name, stage in zip(names, stages, strict=True))
    sums = [stage.value for stage in stages]
    rows = [(_text(name), *_cells(stage)) for name, stage in zip(names, stages, strict=True)]
    return (
        f'<section>\n<h2>{_text(currency)}</h2>\n<p class="total"><b>{amount(total.value)}</b> '
        f"{_text(total.currency or '')}</p>\n{bars(names, {currency: sums}, said=said) if any(sums) else ''}\n"
        f"{_table(_STAGES, rows, ('all', *_cells(total)))}</section>\n"
    )


def _cells(total: StageTotal | CurrencyTotal) -> tuple[str, str, str]:
    without = f"{total.without_value:,}" if total.without_value else ""
    return f"{total.deals:,}", without, amount(total.value)


def _table(heads: Mapping[str, str], rows: Iterable[Sequence[str]], foot: Sequence[str] = ()) -> str:
    """Return a table, whose cells are HTML. The heads have the class of the column, for the style."""

    def line(cells: Sequence[str], tag: str) -> str:
        filled = zip(heads.values(), cells, strict=True)
        return "<tr>" + "".join(f'<{tag} class="{kind}">{cell}</{tag}>' for kind, cell in filled) + "</tr>"

    last = f"<tfoot>{line(foot, 'td')}</tfoot>" if foot else ""
    body = "".join(line(row, "td") for row in rows)
    table = f"<table><thead>{line(list(heads), 'th')}</thead><tbody>{body}</tbody>{last}</table>"
    return f'<div class="wide">{table}</div>\n'


def _text(text: str) -> str:
    return stranger(in_one_line(text))
