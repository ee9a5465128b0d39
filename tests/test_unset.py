"""`UNSET` is one thing, and prints as itself."""

import copy
import pickle

from impactive_async import UNSET, Unset


def test_there_is_one_unset() -> None:
    """`is UNSET` holds for copies and after a pickle, so that it may travel."""
    assert UNSET is Unset.UNSET
    assert copy.deepcopy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


def test_it_reads_as_what_it_is() -> None:
    """In a signature it is its own name, and in a condition it is nothing."""
    assert repr(UNSET) == "UNSET"
    assert not UNSET
