"""Structured logs and OpenTelemetry traces: one JSON object a line, logs on stderr and spans on stdout.

    pip install '.[otel]' opentelemetry-sdk
    export IMPACTIVE_API_KEY=icrm_...
    python examples/traced.py

Logs have path templates instead of ids, and neither bodies nor the key. Spans have the URLs with their ids, and
neither queries, headers nor bodies.
"""

import asyncio
import json
import logging
import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from impactive_async import AsyncClient
from impactive_async.otel import instrument


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object, with the trace that it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        context = get_current_span().get_span_context()
        entry = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": format_trace_id(context.trace_id),
            "span_id": format_span_id(context.span_id),
        }
        return json.dumps(entry)


def set_up_logs() -> None:
    """Log every attempt (`impactive_async.http`, DEBUG), retries (`.retry`, INFO) and problems (WARNING)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("impactive_async")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)


def make_provider() -> TracerProvider:
    """Write spans to stdout. In production, use an OTLP exporter and a `BatchSpanProcessor`."""
    exporter = ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")
    provider = TracerProvider(resource=Resource.create({"service.name": "impactive-example"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


async def run(provider: TracerProvider) -> None:
    """Make two calls under one span."""
    async with AsyncClient() as crm:
        instrument(crm, tracer_provider=provider)
        with provider.get_tracer("example").start_as_current_span("count the workspace"):
            workspace = await crm.zapier.auth_test()
            deals = await crm.zapier.deals.list()
        print(json.dumps({"workspace": workspace.name, "deals": len(deals)}))


def main() -> None:
    """Set up and run."""
    set_up_logs()
    provider = make_provider()
    asyncio.run(run(provider))
    provider.shutdown()


if __name__ == "__main__":
    main()
