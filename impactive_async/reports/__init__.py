"""Reports on a workspace: the funnel of a sequence, and the deals of the pipeline, as values and as pages."""

from impactive_async.reports.page import page
from impactive_async.reports.pipeline import CurrencyTotal, PipelineReport, StageTotal, pipeline_report
from impactive_async.reports.sequence import SequenceReport, StepFunnel, sequence_report

__all__ = [
    "CurrencyTotal",
    "PipelineReport",
    "SequenceReport",
    "StageTotal",
    "StepFunnel",
    "page",
    "pipeline_report",
    "sequence_report",
]
