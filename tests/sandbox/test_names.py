"""The names that the sandbox publishes, new and old."""

import pytest

from impactive_async import sandbox

NAMES_OF_0_1 = {
    "Enrollment": "EnrollmentRecord",
    "Record": "TableRecord",
    "Reply": "ReplyRecord",
    "Send": "SendRecord",
    "SendingAccount": "SendingAccountRecord",
    "Sequence": "SequenceRecord",
    "Step": "StepRecord",
}


@pytest.mark.parametrize(("old", "new"), NAMES_OF_0_1.items(), ids=NAMES_OF_0_1)
def test_a_name_of_0_1_is_the_same_class_and_deprecated(old: str, new: str) -> None:
    """A program written for 0.1 runs on, and the warning says what to write instead."""
    with pytest.warns(DeprecationWarning, match=f"sandbox.{old} is called {new} now"):
        assert getattr(sandbox, old) is getattr(sandbox, new)


def test_importing_everything_warns_of_nothing() -> None:
    """`__all__` has the new names only."""
    namespace: dict[str, object] = {}
    exec("from impactive_async.sandbox import *", namespace)
    assert set(sandbox.__all__) <= set(namespace)
    assert not set(NAMES_OF_0_1) & set(namespace)


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    """The names of 0.1 do not hide misspelt ones."""
    with pytest.raises(AttributeError, match="no attribute 'Sandbx'"):
        sandbox.Sandbx  # type: ignore[attr-defined]  # noqa: B018
