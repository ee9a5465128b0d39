"""Words of strangers cannot leave their fence."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from impactive_async.agents.text.fence import (
    CLOSE,
    OPEN,
    clean,
    fence,
    is_beginning,
    is_cut,
    is_same_text,
    shortened,
    unfence,
)
from tests.agents.corpus import INJECTIONS

ANY = st.text(st.characters(), max_size=200)
NASTY = st.lists(
    st.sampled_from([*INJECTIONS, "<", ">", "![", "](", "&lt;", "&amp;", "⟦", "⟧", "\u202e", "a "])
).map("".join)


UNSEEN = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0e\U000e0100-\U000e01ef]"
    "|[\x00-\x7f\u200c\u200d][\u200c\u200d]|[\u200c\u200d]([\x00-\x7f]|\\Z)|\ufe0f\ufe0f"
)
"""Characters that Unicode has readers ignore, and joiners that join nothing."""


def is_fenced(text: str, most: int) -> bool:
    shown = re.fullmatch(rf"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}( \(\+[0-9,]+ characters\))?", text, re.DOTALL)
    return shown is not None and len(shown[1]) <= most + 1


def is_harmless(text: str) -> bool:
    kinds = {unicodedata.category(character) for character in text if character not in "\n\u200c\u200d"}
    seen = not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and not re.search(UNSEEN, text)
    return seen and not re.search(r"[<>]|!\[|[〚〛⟬⟭⁅⁆⦋-⦐]", text)


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_injection_of_the_corpus_leaves_its_fence(text: str) -> None:
    """Each stands between one pair of brackets, without markup, images or characters that nobody sees."""
    assert is_fenced(fence(text, 300), 300)
    assert is_harmless(clean(text))


@settings(deadline=None)
@given(st.one_of(ANY, NASTY), st.integers(0, 300))
def test_no_text_leaves_its_fence(text: str, most: int) -> None:
    """Whatever it is made of, and wherever it is cut."""
    assert is_fenced(fence(text, most), most)
    assert is_harmless(clean(text))


@settings(deadline=None)
@given(st.one_of(ANY, NASTY))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    """Cleaning a text a second time brings nothing more to light, but for what was escaped more than once."""
    once = clean(text)
    assume("&" not in once)
    assert clean(once) == once


def test_people_are_quoted_as_they_wrote() -> None:
    """Angle brackets around an address, arrows, emoji, umlauts and other scripts are no markup."""
    quoted = clean("On Monday Ada <ada@example.com> wrote: 2 < 3")
    assert quoted == "On Monday Ada \u2039ada@example.com\u203a wrote: 2 \u2039 3"
    assert clean("Grüße 👩‍🔬 नमस्ते\n\n\n\n- Zoë") == "Grüße 👩‍🔬 नमस्ते\n\n- Zoë"
    assert clean("می\u200cخواهم ❤\ufe0f\u200d🔥 1\ufe0f⃣") == "می\u200cخواهم ❤\ufe0f\u200d🔥 1\ufe0f⃣"  # noqa: RUF001 - meant
    assert clean("<p>Hello&nbsp;<b>Ada</b></p><p>Bye</p>") == "Hello\xa0Ada\nBye"


def test_what_is_cut_is_counted() -> None:
    """The number stands behind the bracket, where strangers cannot write."""
    assert fence("x" * 1300, 300) == f"⟦{'x' * 300}…⟧ (+1,000 characters)"


def test_a_text_of_megabytes_takes_no_time() -> None:
    """Only its beginning is looked at, and no part of it twice."""
    assert is_fenced(fence("<script" * 1_000_000, 300), 300)
    assert is_fenced(fence("![" * 1_000_000 + "[", 300), 300)
    assert is_fenced(fence("<a " * 1_000_000, 300), 300)


def test_what_an_agent_sends_back_is_told_from_what_it_writes() -> None:
    """A text that an answer has cut is none to be written, and one that it has cleaned is the old one."""
    long = "<p>Hello</p>" + "x" * 2000
    shown = fence(long, 100)
    assert is_cut(shown)
    assert is_cut(unfence(shown))
    assert is_beginning(long, unfence(shown).partition(" (+")[0])
    assert not is_cut("We have more (+1,000 characters) to say…")
    assert not is_beginning("Hello", "Hello, and…")
    assert is_same_text("<b>Hello</b>\n", "Hello")
    assert not is_same_text("<b>Hello</b>", "Hallo")


@given(st.lists(st.sampled_from(["a ", "⟦", "⟧", "word", "語"])).map("".join), st.integers(0, 30))
def test_a_text_of_ours_is_cut_without_an_open_fence(text: str, most: int) -> None:
    """However the names in it stand."""
    named = " and ".join(fence(part, 9) for part in text.split(" "))
    cut = shortened(named, most)
    assert cut.count("⟦") == cut.count("⟧")
    assert len(cut) <= most + 2 or cut == named


def test_an_agent_may_copy_the_fence() -> None:
    """What it sends back is the text."""
    assert unfence("⟦Ada⟧") == "Ada"
