"""Which text the bytes are: the file's mark and its bytes go before what its user believes."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.reading.sheet import Asked
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import names_of, people_of, sheet_of

TEXT = "First Name,Last Name\nZoë,Müller\n"


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8-sig", "cp1252"),
        ("utf-8-sig", "latin-1"),
        ("utf-8-sig", "utf-16"),
        ("utf-16", "cp1252"),
        ("utf-16", "utf-8"),
        ("utf-8", "cp1252"),
        ("utf-8", "latin1"),
        ("utf-8", "mac-roman"),
        ("utf-8", "utf-16-le"),
        ("utf-8", "ascii"),
    ],
)
def test_an_encoding_that_cannot_be_right_is_refused(tmp_path: Path, codec: str, said: str) -> None:
    """Nobody's name is garbled because somebody said the wrong encoding: it is told to be left out."""
    with pytest.raises(UsageError, match=r"(?i)leave --encoding out|not ASCII"):
        people_of(sheet_of(tmp_path, TEXT.encode(codec), asked=Asked(encoding=said)))


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "UTF8"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "UTF-16BE"),
        ("cp1252", "windows-1252"),
        ("cp1252", "latin-1"),
        ("mac-roman", "mac-roman"),
        ("cp850", "cp850"),
    ],
)
def test_an_encoding_that_is_right_is_taken(tmp_path: Path, codec: str, said: str) -> None:
    """Under any of its names, with a mark or without."""
    assert names_of(sheet_of(tmp_path, TEXT.encode(codec), asked=Asked(encoding=said))) == ["Zoë"]


def test_an_encoding_of_several_bytes_is_not_doubted(tmp_path: Path) -> None:
    """Its characters may be UTF-8 by accident."""
    text = "First Name,Last Name\nÏã,Ñî\n".encode("latin-1")  # 香,杨 in GBK
    assert names_of(sheet_of(tmp_path, text, asked=Asked(encoding="gbk"))) == ["香"]


@pytest.mark.parametrize("said", ["latin0", "rot13", "base64", "xyz"])
def test_what_is_no_encoding_of_text(tmp_path: Path, said: str) -> None:
    """Python also knows codecs that are no encodings."""
    with pytest.raises(UsageError, match=f"no encoding called '{said}'"):
        sheet_of(tmp_path, TEXT, asked=Asked(encoding=said))


def test_the_likely_readings_of_a_line_are_shown(tmp_path: Path) -> None:
    """Whoever has the file sees which encoding it is in."""
    with pytest.raises(UsageError) as error:
        people_of(sheet_of(tmp_path, TEXT.encode("cp1252")))
    assert "line 2: not UTF-8" in str(error.value)
    assert "--encoding cp1252, Excel's on Windows, reads 'Zoë,Müller'" in str(error.value)
    assert "--encoding mac-roman, Excel's on a Mac, reads 'ZoÎ," in str(error.value)


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        ("cp1250", "Łukasz Wójcik;Štěpánka Nováčková;Szabó Győző;Małgorzata Śliwińska;Zażółć Gęślą"),
        ("cp1251", "Иван Петров;Мария Сидорова;Алексей Смирнов"),
        ("koi8-r", "Иван Петров;Мария Сидорова;Алексей Смирнов"),
        ("cp1253", "Γιώργος Παπαδόπουλος;Ελένη Νικολάου;Δημήτρης Αντωνίου"),
        ("cp1254", "Ayşe Çelik;Gökhan Öztürk;İbrahim Şahin;Çiğdem Güneş"),
        ("cp1255", "משה כהן;שרה לוי;דוד ישראלי"),
        ("cp1256", "محمد علي;فاطمة حسن;أحمد خالد"),
        ("cp932", "山田 太郎;鈴木 花子;佐藤 一郎"),
        ("gb18030", "王 小明;李 华华;张 伟伟"),
        ("big5", "陳 大文;林 志玲;黃 小明"),
        ("cp949", "김 철수;이 영희;박 지민"),
        ("mac-roman", "Jürgen Müller;Françoise Lefèvre;José Núñez"),
        ("cp850", "Jürgen Müller;Françoise Lefèvre;José Núñez"),
    ],
)
def test_the_encoding_of_other_languages_is_proposed(tmp_path: Path, codec: str, names: str) -> None:
    """By what the text reads like; nothing is read in it before its user says so."""
    rows = [name.replace(" ", ",") for name in names.split(";")]
    data = "\r\n".join(["First Name,Last Name", *rows]).encode(codec)
    with pytest.raises(UsageError) as error:
        people_of(sheet_of(tmp_path, data))
    told = str(error.value)
    assert f"--encoding {codec}, " in told
    assert f"reads {rows[0]!r}" in told
    assert "\N{REPLACEMENT CHARACTER}" not in told
    first, last = names.split(";")[0].split()
    assert names_of(sheet_of(tmp_path, data, asked=Asked(encoding=codec)))[0] in (first, f"{first} {last}")


def test_a_byte_that_an_encoding_does_not_have(tmp_path: Path) -> None:
    """The line is told in other encodings as well."""
    data = b"First Name,Last Name\n" + b"Ada,Lovelace\n" * 3000 + b"M\x81ller,Zo\n"
    with pytest.raises(UsageError, match="line 3002: not CP1252"):
        people_of(sheet_of(tmp_path, data, asked=Asked(encoding="cp1252")))
