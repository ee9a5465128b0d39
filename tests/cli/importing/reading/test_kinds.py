"""Files that are no table are named for what they are, with the way out."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import people_of, sheet_of

CSV = b"First Name,Last Name,Email\nAda,Lovelace,ada@x.example\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def zipped(**files: bytes) -> bytes:
    """An archive; underscores in names stand for slashes, two for a dot."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(name.replace("__", ".").replace("_", "/"), content)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (OLE + "Workbook".encode("utf-16-le"), r"an Excel 97 to 2003 workbook \(\.xls\).* save it as \.xlsx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a workbook with a password.* without the password"),
        (OLE + "WordDocument".encode("utf-16-le"), "a Word document"),
        (OLE, "an old Office document"),
        (zipped(leads__csv=CSV), "a ZIP archive.* import 'leads.csv' from it"),
        (zipped(readme__md=CSV), "a ZIP archive.* import the file inside"),
        (zipped(mimetype=b"x", content__xml=b"x"), r"an OpenDocument file \(\.ods\).* save it as \.xlsx"),
        (zipped(xl_workbook__bin=b"x"), r"a binary Excel workbook \(\.xlsb\)"),
        (zipped(Index_Document__iwa=b"x"), "a Numbers document.* export it as CSV"),
        (zipped(word_document__xml=b"x"), "a Word document"),
        (b"PK\x05\x06" + bytes(18), "an empty ZIP archive"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", r"vCards \(\.vcf\).* export it as CSV"),
        (b"\xef\xbb\xbf  <html><table>", r"a web page \(HTML\).* save it as \.xlsx"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"\r\n<table border=1>", "a web page"),
        ("<html>".encode("utf-16"), "a web page"),
        (b'<?xml version="1.0"?>\n<W xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "Excel 2003 XML"),
        (b"<?xml version='1.0'?><people/>", "an XML document"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "a web archive or an email"),
        (b"dn: cn=Ada,dc=x\nobjectClass: person\n", "an LDIF file"),
        (b'[\n {"first": "Ada"}]', "is JSON.* turn it into CSV"),
        (b'{"people": []}', "is JSON"),
        (b"%PDF-1.7", "a PDF document"),
        (b"{\\rtf1", "an RTF document"),
        (b"PAR1xxxx", "a Parquet file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"\x89PNG\r\n", "a picture"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (bytes(257) + b"ustar" + bytes(300), "a tar archive"),
        (gzip.compress(bytes(257) + b"ustar" + bytes(300)), "holds, compressed, a tar archive"),
        (gzip.compress(gzip.compress(CSV)), "compressed twice"),
        (gzip.compress(b"%PDF-1.7"), "holds, compressed, a PDF document"),
        (CSV.decode().encode("utf-16-le"), "UTF-16 text without the mark.* --encoding utf-16-le reads it"),
        (CSV.decode().encode("utf-16-be"), "--encoding utf-16-be reads it"),
        (CSV.decode().encode("utf-32-le"), "UTF-32 text without the mark.* --encoding utf-32-le"),
        (bytes(range(256)) * 8, "is no text"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else value[:40],  # archives hold the time of day
)
def test_a_file_is_named_for_what_it_is(tmp_path: Path, data: bytes, kind: str) -> None:
    """Whatever its name says; the message is short and says what to do."""
    with pytest.raises(UsageError, match=kind) as error:
        sheet_of(tmp_path, data)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        b"[Name],First Name,Last Name\nx,Ada,Lovelace\n",
        b"Received,First Name,Last Name\n1,Ada,Lovelace\n",
        b"First Name,Last Name,Note\nAda,Lovelace,<html> in a note\n",
        gzip.compress(CSV),
        CSV.decode().encode("utf-16"),
        CSV.decode().encode("utf-32"),
    ],
    ids=lambda _: "data",
)
def test_a_table_is_a_table(tmp_path: Path, data: bytes) -> None:
    """What only resembles something else is read."""
    assert len(people_of(sheet_of(tmp_path, data))) == 1


def test_a_compressed_file_that_is_cut_off(tmp_path: Path) -> None:
    """Half a file is not taken for a whole one."""
    text = "First Name,Last Name\n" + "".join(f"Ada,Number {n * 7919 % 10007}\n" for n in range(20_000))
    with pytest.raises(UsageError, match="is compressed, and damaged or cut off"):
        people_of(sheet_of(tmp_path, gzip.compress(text.encode())[:-9]))
