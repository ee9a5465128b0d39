"""Methods that are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable

from impactive_async.resources._base import LateMethod


def of_this(made: list[str]) -> Callable[[], Callable[..., str]]:
    """What makes a method, and notes that it did."""

    def name_of(self: object, word: str) -> str:
        return f"{type(self).__name__} {word}"

    def make() -> Callable[..., str]:
        made.append("now")
        return name_of

    return make


def test_a_method_is_made_once_and_stands_in_its_class() -> None:
    """Neither the class nor its instances make it; who asks first does, and later the class itself has it."""
    made: list[str] = []

    class Noun:
        name = LateMethod(of_this(made))

    class Verb(Noun):
        pass

    noun = Noun()
    assert not made
    assert Verb().name("a") == "Verb a"
    assert noun.name("b") == Noun.name(noun, "c").replace("c", "b") == "Noun b"
    assert made == ["now"]
    assert vars(Noun)["name"] is Noun.name is Verb.name
    assert "name" not in vars(Verb)
