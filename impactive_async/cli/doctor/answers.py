"""What errors and headers look like, as a profile says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from impactive_async.cli.doctor.examination import Examination
from impactive_async.cli.doctor.exchange import NOT_JSON, Exchange
from impactive_async.cli.doctor.shapes import is_name, sample

_WORDS: Final = ("error", "message", "detail", "title", "description", "reason")
_KEPT: Final = ("cache-control", "vary", "x-powered-by")
_HARMLESS: Final = re.compile(r"[\w ,=;-]{1,120}", re.ASCII)
_DIGITS: Final = re.compile(r"\d{5,}")


def learn_error(examination: Examination, kind: str, exchange: Exchange) -> None:
    """Keep how a kind of error was answered."""
    learnt: dict[str, Any] = {"status": exchange.status}
    if exchange.document is None:
        learnt["html"] = ""
    elif exchange.document is NOT_JSON:
        learnt["html"] = _page(exchange)
    else:
        learnt["answer"] = _template(exchange.document, exchange.status)
    if "allow" in exchange.headers:
        learnt["allow"] = True
    elif kind == "no_method":
        learnt["allow"] = False
    examination.errors[kind] = learnt


def _page(exchange: Exchange) -> str:
    """Return a made-up page of the same kind: of the real one only the framework's own sentence is kept."""
    text = exchange.content.decode("utf-8", "replace")
    if f"Cannot {exchange.method}" in text:
        return "<!DOCTYPE html>\n<html><body>\n<pre>Cannot $method $path</pre>\n</body></html>\n"
    return "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>$status</h1></body></html>"


def _template(document: Any, status: int) -> Any:
    if not isinstance(document, dict):
        return sample(document)
    template = {}
    for name, value in document.items():
        if not is_name(name):
            continue
        if isinstance(value, dict):
            template[name] = _template(value, status)
        elif name in _WORDS and isinstance(value, str):
            template[name] = "$message"
        else:
            template[name] = "$status" if value == status and type(value) is int else sample(value)
    return template


def error_structure(exchange: Exchange) -> str:
    """Describe an error's answer for a table."""
    if exchange.trouble:
        return exchange.trouble
    document = exchange.document
    if document is None:
        return f"{exchange.status}, no body"
    if isinstance(document, dict):
        return f"{exchange.status}, {{{', '.join(key for key in document if is_name(key))}}}"
    return f"{exchange.status}, {'no JSON' if document is NOT_JSON else 'JSON'}"


def learn_headers(examination: Examination, exchange: Exchange) -> None:
    """Keep the headers that stand in every answer and say nothing of a workspace."""
    kept = {
        name.title(): value
        for name, value in exchange.headers.items()
        if name in _KEPT and _HARMLESS.fullmatch(value) and not _DIGITS.search(value)
    }
    if kept:
        examination.learn("*", headers=kept)


def named(headers: Mapping[str, str], *beginnings: str) -> list[str]:
    """Return the names of the headers that begin so."""
    return sorted(name for name in headers if name.startswith(beginnings))
