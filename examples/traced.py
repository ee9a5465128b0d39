"""Structured logs and OpenTelemetry traces: one JSON object a line, logs on stderr and spans on stdout.

    pip install . opentelemetry-sdk opentelemetry-instrumentation-aiohttp-client
    export IMPACTIVE_API_KEY=icrm_...
    python examples/traced.py

Calls are logged with path templates rather than ids, without bodies, and never with the key. The spans have URLs
as they were, ids in them, and nothing of headers or bodies; queries are cut off here.
"""

import asyncio
import json
import logging
import sys

from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from impactive_async import AsyncClient


class JsonFormatter(logging.Formatter):
    """One object a line, with the trace it belongs to."""

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
    """Every attempt at DEBUG on `impactive_async.http`, repetitions at INFO on `.retry`, trouble at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("impactive_async")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)


def make_provider() -> TracerProvider:
    """Spans to stdout; in production, an OTLP exporter behind a `BatchSpanProcessor`."""
    exporter = ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")
    provider = TracerProvider(resource=Resource.create({"service.name": "impactive-example"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


async def run(provider: TracerProvider) -> None:
    """Two calls under one span of our own."""
    traced = create_trace_config(tracer_provider=provider, url_filter=lambda url: str(url.with_query(None)))
    async with AsyncClient(trace_configs=[traced]) as crm:
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
