"""Laws of files of cursors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.steering.archive import CursorArchive

CURSOR = Snapshot("f").dumps()
ARCHIVE = CursorArchive.of({"f": CURSOR, "new": ""}, "wsp_1 at https://here")


@given(st.data())
def test_a_file_is_read_as_it_was_written_or_not_at_all(data: st.DataObject) -> None:
    """Whatever character is changed or lost: the same cursors, or an error."""
    text = ARCHIVE.dumps()
    assert CursorArchive.loads(text) == ARCHIVE
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(["", "0", "x", "}"])) + text[place + 1 :]
    try:
        found = CursorArchive.loads(changed)
    except CursorError:
        return
    assert found == ARCHIVE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[]", "no export of cursors"),
        ('{"format": "other"}', "no export of cursors"),
        (ARCHIVE.dumps().replace('"version": 1', '"version": 2'), "newer version: upgrade"),
        (ARCHIVE.dumps().replace("wsp_1", "wsp_2"), "checksum"),
        (ARCHIVE.dumps()[:-30], "not JSON"),
    ],
)
def test_another_file_is_refused(text: str, why: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(CursorError, match=why):
        CursorArchive.loads(text)


def test_a_damaged_cursor_in_a_whole_file_is_refused() -> None:
    """Somebody has edited it, and made the checksum of the file anew."""
    wrong = CursorArchive(workspace=None, cursors={"f": CURSOR.replace('"primed":false', '"primed":true')})
    with pytest.raises(CursorError, match=r"f: .*checksum"):
        CursorArchive.loads(wrong.dumps())


def test_a_file_is_json_by_name() -> None:
    """So that people can look into it."""
    document = json.loads(ARCHIVE.dumps())
    assert (document["workspace"], document["cursors"]["f"]) == ("wsp_1 at https://here", CURSOR)
