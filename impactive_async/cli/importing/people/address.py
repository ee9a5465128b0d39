"""An email address in a cell: cleaned at its edges and checked; where it is none, what may have been meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import attrs

from impactive_async.cli.importing.people.clean import is_invisible, unwrapped
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import quoted

_DOMAINS: Final = 10_000
"""Domains whose verdict is remembered."""
_USUAL_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
_USUAL: Final = 50
"""Characters that the part before the @ may have to be judged by its letters alone."""
_SCHEMES: Final = re.compile(r"(mailto|smtp|e-?mail)\s*:\s*", re.IGNORECASE)
_DISPLAY_NAME: Final = re.compile(r"[^@<>]*<\s*([^<>]+@[^<>]+?)\s*>")
_OPENING: Final = "<[({'\"“„«‘`,;:./"  # noqa: RUF001
_CLOSING: Final = ">])}'\"”»’`,;:./"  # noqa: RUF001
_SEVERAL: Final = " ::: "
"""What Google Contacts writes between values of one cell; the first is the preferred one."""

INVISIBLE: Final = "invisible characters in the address"
MARKS: Final = "marks around the address"
SCHEME: Final = "`mailto:` before the address"
NAME: Final = "a name around the address"
OTHERS: Final = "further addresses in the cell"


@attrs.frozen
class Address:
    """An address that can be written to."""

    text: str
    change: str | None = None
    """What was taken off what the cell holds."""


@attrs.frozen
class NoAddress:
    """What a cell holds instead of an address."""

    reason: str


def read_address(cell: str) -> Address | NoAddress:
    """The address in a cell that holds something."""
    if _is_usual(cell):
        return Address(cell)
    text, change = _cleaned(cell)
    why = fault(text)
    return Address(text, change) if why is None else NoAddress(_told(cell, why))


def _is_usual(cell: str) -> bool:
    """Whether it is an address of plain letters at a domain that email-validator has approved.

    Checking each address by it takes a hundred times as long.
    """
    local, at, domain = cell.partition("@")
    plain = bool(at) and len(local) <= _USUAL and _USUAL_LOCAL.fullmatch(local) is not None
    return plain and domain.isascii() and fault_of_domain(domain) is None


@lru_cache(_DOMAINS)
def fault_of_domain(domain: str) -> str | None:
    """Why no address can be at this domain; `None` if one can."""
    return fault(f"a@{domain}")


def fault(address: str) -> str | None:
    """Why it is no address that can be written to, as email-validator sees it; `None` if it is one."""
    try:
        from email_validator import EmailNotValidError, validate_email
    except ModuleNotFoundError:
        raise UsageError("Addresses are checked by email-validator: pip install 'impactive-async[cli]'.") from None
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return str(error)
    return None if "." in address.rpartition("@")[2] else "The part after the @-sign has no period."


def same_address(address: str) -> str:
    """What two spellings of one address have in common: mail does not tell them apart."""
    local, _, domain = address.rpartition("@")
    return f"{local.casefold()}@{_ascii(domain).casefold()}"


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _cleaned(cell: str) -> tuple[str, str | None]:
    text, change = cell, None
    if (seen := "".join(character for character in text if not is_invisible(character))) != text:
        text, change = seen, INVISIBLE
    text = text.strip()
    if _SEVERAL in text:
        text, change = text.partition(_SEVERAL)[0].strip(), OTHERS
    if named := _DISPLAY_NAME.fullmatch(text):
        text, change = named[1], NAME if text[0] != "<" else MARKS
    return _without_marks(text, change)


def _without_marks(text: str, change: str | None) -> tuple[str, str | None]:
    before = None
    while text != before:
        before = text
        if scheme := _SCHEMES.match(text):
            text, change = text[scheme.end() :].partition("?")[0], SCHEME
        bare = unwrapped(text).lstrip(_OPENING).rstrip(_CLOSING).strip()
        if bare != text:
            text, change = bare, change or MARKS
    return text, change


def _told(cell: str, why: str) -> str:
    proposal = next((text for text in _proposals(cell) if fault(text) is None), None)
    meant = f": did you mean {proposal!r}?" if proposal else f" ({why.rstrip('.')})"
    several = cell.count("@") > 1 and len(re.split(r"[\s,;|/]+", cell.strip())) > 1
    what = "is no email address, but several" if several else "is no email address"
    return f"{quoted(cell, 60)} {what}{meant}"


def _proposals(cell: str) -> Iterator[str]:
    """What may have been meant, the likeliest first."""
    text, _ = _cleaned(unicodedata.normalize("NFKC", cell))
    text = text.replace("%40", "@")
    for part in re.split(r"[;,|]\s*|\s+|/", text) if text.count("@") > 1 else ():
        yield _without_marks(part, None)[0]
    text = re.sub(r"\s*[(\[{]\s*(at|ät|@)\s*[)\]}]\s*|\s+at\s+", "@", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*[(\[{]\s*(dot|punkt|\.)\s*[)\]}]\s*|\s+dot\s+", ".", text, flags=re.IGNORECASE)
    text = re.sub(r"\s+", "", text)
    yield text
    local, _, domain = re.sub(r"@+", "@", text).partition("@")
    local = re.sub(r"\.+", ".", local).strip(".")
    domain = re.sub(r"[.,]+", ".", domain).strip(".")
    domain = ".".join(label.strip("-") for label in domain.split("."))
    yield f"{local}@{domain}"
    yield f"{local}@{domain.replace('_', '-')}"
