"""The laws of the cursor, for any traffic; `consumer.py` asserts them."""

from hypothesis import given, note, settings

from .consumer import Setting
from .traffic import Action, play, stories


@given(stories())
@settings(derandomize=True, database=None, deadline=None, max_examples=600)
def test_nothing_is_lost_silently_and_nothing_repeated_without_a_crash(
    story: tuple[Setting, list[Action]],
) -> None:
    """Each row is delivered, once but for crashes, or lies in a reported gap; `since` never decreases."""
    note(f"{story}")
    play(story)
