"""Placeholders in subjects and bodies: `{{ name }}` is filled in, what looks like another kind is reported.

The API's page does not say how the service writes them (A23). `{{ }}` is what most senders use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from impactive_async.models import Contact, ContactDraft, SendingAccount

_BRACES: Final = re.compile(r"(\{{2,3}[^{}]*\}{2,3})")
_OTHER_FORMS: Final = re.compile(
    r"(?P<tag>\{%[^{}%]*%\})"
    r"|\$?\{(?P<brace>[^{}\n]{1,40})\}"
    r"|\[(?P<bracket>[^\[\]\n]{1,40})\]"
    r"|\*\|(?P<star>[^|\n]{1,40})\|\*"
    r"|%(?P<percent>[\w. ]{1,40})%"
)
_OF: Final = re.compile(r"^\s*(contact|person|recipient|lead)\s*[._]\s*", re.IGNORECASE)
_FALLBACK: Final = re.compile(r"\|+\s*(?:default|fallback)?\s*:?\s*(.*)", re.IGNORECASE | re.DOTALL)
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "first_name": ("firstname", "fname", "first", "givenname"),
    "last_name": ("lastname", "lname", "last", "surname", "familyname"),
    "email": ("email", "emailaddress"),
    "phone": ("phone", "phonenumber"),
    "title": ("title", "jobtitle"),
    "company_name": ("company", "companyname"),
}
_FULL_NAME: Final = ("name", "fullname", "contactname")
_SENDER: Final[Mapping[str, tuple[str, ...]]] = {
    "from_name": ("fromname", "sendername"),
    "from_email": ("fromemail", "senderemail"),
}
KNOWN: Final = frozenset(
    (*_FULL_NAME, *(name for names in (*_ALIASES.values(), *_SENDER.values()) for name in names))
)
"""Names by which a placeholder of another form is told from a word in brackets."""


@attrs.frozen
class Filled:
    """A text in which all that is known is filled in, and the placeholders that stay as they are."""

    text: str
    unfilled: tuple[str, ...]


@attrs.frozen
class Placeholder:
    """One `{{ name | fallback }}`.

    Attributes:
        text: As it stands.
        names: The names that it may mean, as `values_of` spells them.
        fallback: What stands for it where there is no value; `None`: nothing does.
    """

    text: str
    names: tuple[str, str]
    fallback: str | None

    def value(self, values: Mapping[str, str]) -> str | None:
        """Return what stands for it; `None`: that is not known."""
        first, second = self.names
        return values.get(first) or values.get(second) or self.fallback


@attrs.frozen
class MailTemplate:
    """A subject or a body, read once for all who get it.

    Attributes:
        parts: Texts and placeholders in turn.
        others: What looks like a placeholder of another form.
    """

    parts: tuple[str | Placeholder, ...]
    others: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> Filled:
        """Fill in what is known of somebody."""
        parts, unfilled = [], []
        for part in self.parts:
            if isinstance(part, str):
                parts.append(part)
            elif (value := part.value(values)) is not None:
                parts.append(value)
            else:
                parts.append(part.text)
                unfilled.append(part.text)
        return Filled("".join(parts), tuple(dict.fromkeys((*unfilled, *self.others))))


def read_template(text: str) -> MailTemplate:
    """Find the placeholders of a text."""
    parts = [_placeholder(part) if place % 2 else part for place, part in enumerate(_BRACES.split(text))]
    plain = (part for part in parts if isinstance(part, str))
    others = (found[0] for part in plain for found in _OTHER_FORMS.finditer(part) if _is_placeholder(found))
    return MailTemplate(tuple(parts), tuple(dict.fromkeys(others)))


def values_of(person: Contact | ContactDraft, account: SendingAccount | None) -> dict[str, str]:
    """Return what placeholders may stand for, by their names as `_plain` spells them."""
    found = {_plain(name): str(value) for name, value in person.extra.items() if _is_text(value)}
    for names, value in (
        *((names, getattr(person, field, None)) for field, names in _ALIASES.items()),
        (_FULL_NAME, name_of(person)),
        *((names, getattr(account, field, None)) for field, names in _SENDER.items()),
    ):
        found.update(dict.fromkeys(names, value) if value else {})
    return found


def name_of(person: Contact | ContactDraft) -> str:
    """Return the whole name."""
    return " ".join(filter(None, (person.first_name, person.last_name)))


def _placeholder(text: str) -> Placeholder:
    name, bar, rest = text.strip("{}").partition("|")
    fallback = _FALLBACK.fullmatch(bar + rest)
    said = None if fallback is None else fallback[1].strip().strip("\"'")
    return Placeholder(text, (_plain(_OF.sub("", name)), _plain(name)), said)


def _is_placeholder(found: re.Match[str]) -> bool:
    name = next((value for kind, value in found.groupdict().items() if value is not None and kind != "tag"), None)
    return name is None or _plain(_OF.sub("", name)) in KNOWN


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
