"""Which text the bytes of a file are: UTF-8 or what its mark says, else what its user says."""

from __future__ import annotations

import codecs
import re
from typing import Final

from impactive_async.cli.importing.reading.kinds import utf16_without_mark
from impactive_async.cli.importing.reading.origin import Origin
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import cut

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ONE_BYTE: Final = re.compile(r"cp\d+|iso8859-\d+|mac-.*|koi8-.|latin.*|ascii|hp-roman8|ptcp154|tis-620|palmos")
"""Encodings in which every byte is a character, by their canonical names."""
_WHOSE: Final = {
    "cp1252": "Excel's on Windows",
    "mac-roman": "Excel's on a Mac",
    "cp850": "DOS's",
    "cp1250": "Windows' in Central Europe",
    "cp1251": "Windows' for Cyrillic",
    "koi8-r": "Unix's for Russian",
    "cp1253": "Windows' for Greek",
    "cp1254": "Windows' for Turkish",
    "cp1255": "Windows' for Hebrew",
    "cp1256": "Windows' for Arabic",
    "cp1257": "Windows' for Baltic languages",
    "cp932": "Windows' in Japan, Shift-JIS",
    "gb18030": "China's",
    "big5": "Taiwan's",
    "cp949": "Windows' in Korea, EUC-KR",
}
"""Whose encoding each is, of those that are proposed."""
_WESTERN: Final = ("cp1252", "mac-roman", "cp850")
_GUESSES: Final = 3
_SAMPLE: Final = 1 << 16
"""Bytes by which the encoding is guessed."""
_BLOCK: Final = 1 << 20


def find_encoding(origin: Origin, start: bytes, said: str | None) -> str:
    """The encoding to read a file with.

    Args:
        origin: The file.
        start: Its first bytes.
        said: What its user says, if anything.

    Raises:
        UsageError: The user says what cannot be right, or it is UTF-16 without a mark.
    """
    mark = next((codec for bom, codec in _MARKS if start.startswith(bom)), None)
    if said is not None:
        return _checked(origin, start, mark, said)
    if mark is not None:
        return mark
    if (unmarked := utf16_without_mark(start)) is not None:
        raise UsageError(
            f"{origin.name} is {_called(unmarked)} text without the mark (BOM) that says so: "
            f"--encoding {unmarked} reads it; `CSV UTF-8` is the better choice when it is saved."
        )
    return "utf-8-sig"


def _called(codec: str) -> str:
    return "-".join(codec.upper().split("-")[:2])


def _checked(origin: Origin, start: bytes, mark: str | None, said: str) -> str:
    codec = _canonical(said)
    if mark is not None:
        if not _agree(mark, codec, start):
            raise UsageError(
                f"{origin.name} begins with the mark (BOM) of {_called(mark)}, so it is not {said}: leave "
                "--encoding out."
            )
        return mark
    if codec.startswith(("utf-16", "utf-32")):
        if utf16_without_mark(start) is None and 0 not in start:
            raise UsageError(f"{origin.name} is not {_called(codec)}: leave --encoding out, or say another one.")
    elif _ONE_BYTE.fullmatch(codec) and (garbled := _garbled(origin, codec)):
        raise UsageError(
            f"{origin.name} is UTF-8: read as {said}, line {garbled[0]} would be {garbled[1]!r}. Leave --encoding "
            "out."
        )
    return "utf-8-sig" if codec == "utf-8" else codec


def _canonical(said: str) -> str:
    try:
        found = codecs.lookup(said)
        "".encode(said)  # what is no encoding of text, such as rot13, is refused here
    except LookupError:
        raise UsageError(f"There is no encoding called {said!r}; Excel's on Windows is cp1252.") from None
    return found.name.replace("_", "-")


def _agree(mark: str, codec: str, start: bytes) -> bool:
    if mark == "utf-8-sig":
        return codec in ("utf-8", "utf-8-sig")
    order = "be" if start.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) else "le"
    return codec in (mark, f"{mark}-{order}")


def _garbled(origin: Origin, codec: str) -> tuple[int, str] | None:
    """A line that is UTF-8 and would be read as something else, if the whole file is UTF-8 and has such a line.

    Text in another encoding of single bytes is hardly ever valid UTF-8 by accident.
    """
    found = None
    with origin.open() as (file, _):
        for number, line in enumerate(iter(lambda: file.readline(_BLOCK), b""), 1):
            try:
                if found is None and len(line.decode()) != len(line):
                    found = number, cut(line.decode(codec, errors="replace"), 60)
            except UnicodeDecodeError:
                return None
    return found


def not_decodable(origin: Origin, encoding: str, number: int) -> UsageError:
    """The error for a file that is in another encoding, with its first line that cannot be read.

    Args:
        origin: The file.
        encoding: What was tried.
        number: The line that was reached; text is decoded in blocks, so the bad one may stand behind it.
    """
    found = _undecodable_line(origin, encoding)
    number, line = found or (number + 1, None)
    hint = "say what it is: --encoding cp1252 is Excel's on Windows"
    if line is not None and encoding.startswith("utf-8"):
        proposals = (
            f"--encoding {codec}, {_WHOSE[codec]}, reads {reading!r}"
            for codec, reading in _readings(line, _likely(origin)).items()
        )
        hint = f"say what it is. For that line, {'; '.join(proposals)}"
    return UsageError(
        f"{origin.name}, line {number}: not {_called(encoding.removesuffix('-sig'))}. Save it as `CSV UTF-8`, or "
        f"{hint}."
    )


def _likely(origin: Origin) -> list[str]:
    """Encodings of other regions that the file may be in, the likeliest first, by how natural its text reads."""
    from charset_normalizer import from_bytes  # slow to import, and hardly ever needed

    lines, length = list[bytes](), 0
    with origin.open() as (file, _):
        for line in iter(lambda: file.readline(_BLOCK), b""):
            if length >= _SAMPLE:
                break
            if not line.isascii():
                lines.append(line[:_SAMPLE])
                length += len(lines[-1])
    guesses = (match.encoding.replace("_", "-") for match in from_bytes(b"".join(lines), threshold=0.5))
    return [codec for codec in guesses if codec in _WHOSE and codec not in _WESTERN][:_GUESSES]


def _readings(line: bytes, likely: list[str]) -> dict[str, str]:
    """How a line reads in likely encodings, and in the West's; those left out that make no text of it.

    Of encodings in which it reads the same, the West's is taken.
    """
    codecs_of = {_read_as(line, codec): codec for codec in (*likely, *_WESTERN)}
    found = {codec: reading for reading, codec in codecs_of.items() if reading.isprintable()}
    return {codec: reading for codec, reading in found.items() if "\N{REPLACEMENT CHARACTER}" not in reading}


def _read_as(line: bytes, codec: str) -> str:
    """The line around what is not ASCII."""
    at = next((place for place, byte in enumerate(line) if byte > 0x7F), 0)
    start = max(0, at - 15)
    return cut(line[start : start + 40].decode(codec, errors="replace"))


def _undecodable_line(origin: Origin, encoding: str) -> tuple[int, bytes] | None:
    if encoding.startswith(("utf-16", "utf-32")):
        return None  # a byte that looks like a line end is none there
    with origin.open() as (file, _):
        for number, line in enumerate(iter(lambda: file.readline(_BLOCK), b""), 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number, line
    return None
