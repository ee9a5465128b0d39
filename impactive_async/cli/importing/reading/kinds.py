"""What a file is that is no table we read, told by its first bytes; and the way out."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

from impactive_async.cli.importing.reading.origin import Origin
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import cut

_AS_WORKBOOK: Final = "open it in Excel or LibreOffice, save it as .xlsx or as `CSV UTF-8`, and import that"
_AS_CSV: Final = "export the people as CSV, and import that"
_UNPACK: Final = "unpack it, and import the file inside"
_FROM_CONTACTS: Final = (
    "open it in your contacts program (Google Contacts, Outlook), export it as CSV, import that"
)

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_BY_BYTES: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"PK\x05\x06", "an empty ZIP archive", "choose another file"),
    (b"\x09\x08\x10\x00", "a workbook of an Excel before 1997", _AS_WORKBOOK),
    (b"\x1f\x8b", "compressed twice", "unpack it once, and import what comes out"),
    (b"BZh", "compressed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "compressed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"%PDF", "a PDF document", _AS_CSV),
    (b"{\\rtf", "an RTF document", _AS_CSV),
    (b"PAR1", "a Parquet file", _AS_CSV),
    (b"ARROW1", "an Arrow file", _AS_CSV),
    (b"SQLite format 3\x00", "an SQLite database", _AS_CSV),
    (b"\x89PNG", "a picture", "choose another file"),
    (b"\xff\xd8\xff", "a picture", "choose another file"),
    (b"GIF8", "a picture", "choose another file"),
)
"""What a file begins with, what it is then, and what to do."""

_BY_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"begin:vcard", "a file of vCards (.vcf)", _FROM_CONTACTS),
    (r"begin:vcalendar", "a calendar (.ics)", "choose another file"),
    (r"(dn|version): ?\S[^\n]*\n(.*\n)?(dn|objectclass|cn|changetype):", "an LDIF file", _FROM_CONTACTS),
    (r"<(!doctype html|html|head|meta|table|style|body|script)\b", "a web page (HTML)", _AS_WORKBOOK),
    (r"<\?xml[^>]*>(.|\n)*urn:schemas-microsoft-com:office:spreadsheet", "an Excel 2003 XML table", _AS_WORKBOOK),
    (r"<\?xml", "an XML document", _AS_CSV),
    (r"(mime-version|content-type|received|return-path): ", "a web archive or an email", _AS_WORKBOOK),
    (r"(\[\s*[\[{]|\{\s*\")", "JSON", "turn it into CSV with a header line, and import that"),
)
"""What its text begins with."""

_IN_A_ZIP: Final[tuple[tuple[str, str, str], ...]] = (
    (r"xl/workbook\.bin", "a binary Excel workbook (.xlsb)", _AS_WORKBOOK),
    (r"word/document\.xml", "a Word document", _AS_CSV),
    (r"ppt/presentation\.xml", "a PowerPoint presentation", _AS_CSV),
    (r"(Index/Document\.iwa|Index\.zip)", "a Numbers document", "export it as CSV in Numbers, and import that"),
)
"""What a ZIP archive has in it."""

_IN_OLE: Final[tuple[tuple[str, str, str], ...]] = (
    ("EncryptedPackage", "a workbook with a password", "save a copy without the password, and import that"),
    ("__substg1.0", "an Outlook message", _AS_CSV),
    ("WordDocument", "a Word document", _AS_CSV),
    ("Workbook", "an Excel 97 to 2003 workbook (.xls)", _AS_WORKBOOK),
    ("Book", "a workbook of an Excel before 1997", _AS_WORKBOOK),
)
"""What an old Office document has in it."""

_DIRECTORY: Final = 4_000_000
"""Bytes of an old Office document that are searched for what it is."""


def is_workbook(origin: Origin, start: bytes) -> bool:
    """Whether it is a workbook of Excel (.xlsx, .xlsm)."""
    return not origin.compressed and start.startswith(_ZIP) and "xl/workbook.xml" in _names(origin)


def refuse_what_is_no_table(origin: Origin, start: bytes) -> None:
    """Say what a file is that holds no text of a table.

    Raises:
        UsageError: It is something else.
    """
    found = _kind(origin, start)
    if found is not None:
        kind, way_out = found
        whole = f"{origin.name} is {kind}" if not origin.compressed else f"{origin.name} holds, compressed, {kind}"
        raise UsageError(f"{whole}, not CSV: {way_out}.")


def _kind(origin: Origin, start: bytes) -> tuple[str, str] | None:
    if start.startswith(_ZIP):
        return _zip_kind(origin)
    if start.startswith(_OLE):
        return _ole_kind(origin)
    if start[257:262] == b"ustar":
        return "a tar archive", _UNPACK
    for magic, kind, way_out in _BY_BYTES:
        if start.startswith(magic):
            return kind, way_out
    return _text_kind(start)


def _zip_kind(origin: Origin) -> tuple[str, str]:
    names = () if origin.compressed else _names(origin)
    if not names:
        return "a ZIP archive or a workbook", "unpack it, or copy it again if it is damaged"
    if "xl/workbook.xml" in names:
        return "an Excel workbook", _UNPACK  # within another compression
    for pattern, kind, way_out in _IN_A_ZIP:
        if any(re.match(pattern, name) for name in names):
            return kind, way_out
    if "mimetype" in names and "content.xml" in names:
        return "an OpenDocument file (.ods)", _AS_WORKBOOK
    tables = [name for name in names if name.lower().endswith((".csv", ".xlsx", ".txt", ".tsv"))]
    inside = f"unpack it, and import {cut(tables[0])!r} from it" if tables else _UNPACK
    return "a ZIP archive", inside


def _names(origin: Origin) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(origin.path) as archive:
            return tuple(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return ()


def _ole_kind(origin: Origin) -> tuple[str, str]:
    with origin.open() as (file, _):
        content = file.read(_DIRECTORY)
    for name, kind, way_out in _IN_OLE:
        if name.encode("utf-16-le") in content:
            return kind, way_out
    return "an old Office document", _AS_WORKBOOK


def _text_kind(start: bytes) -> tuple[str, str] | None:
    text = _as_text(start)
    for pattern, kind, way_out in _BY_WORDS:
        if re.match(pattern, text, re.IGNORECASE):
            return kind, way_out
    return None


def _as_text(start: bytes) -> str:
    """As much of it as tells: every ASCII character is itself in what these formats are written in."""
    for bom, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if start.startswith(bom):
            return start[2:].decode(codec, errors="replace").lstrip()
    return start.removeprefix(b"\xef\xbb\xbf").decode("latin-1").lstrip()


def utf16_without_mark(start: bytes) -> str | None:
    """The encoding of text in UTF-16 or UTF-32 without the mark that says so; `None` if it is none.

    Latin letters have a zero byte in UTF-16, and three in UTF-32; a table has many of them.
    """
    if len(start) < 4:
        return None
    zeros = [start[place::4].count(0) / max(1, len(start[place::4])) for place in range(4)]
    return next((codec for codec, rule in _ZEROS if rule(zeros)), None)


_OFTEN: Final = 0.3


def _matching(pattern: str) -> Callable[[list[float]], bool]:
    return lambda zeros: all((share > _OFTEN) == (mark == "0") for share, mark in zip(zeros, pattern, strict=True))


_ZEROS: Final = tuple(
    (codec, _matching(pattern))
    for codec, pattern in (
        ("utf-16-le", "x0x0"),
        ("utf-16-be", "0x0x"),
        ("utf-32-le", "x000"),
        ("utf-32-be", "000x"),
    )
)


def refuse_binary(origin: Origin, start: bytes) -> None:
    """Refuse what is no text in any encoding.

    Raises:
        UsageError: Too many of its bytes are control characters.
    """
    controls = sum(1 for byte in _controls(start))
    if controls > len(start) / 20:
        raise UsageError(f"{origin.name} is no text: choose a CSV file or an Excel workbook (.xlsx).")


def _controls(start: bytes) -> Iterator[int]:
    return (byte for byte in start if byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1a\x1b")
