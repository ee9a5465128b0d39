"""Names that people look for on the client, and where they are."""

from typing import Final

_ELSEWHERE: Final = {
    "accounts": "sending_accounts",
    "auth_test": "zapier.auth_test",
    "close": "aclose",
    "companies": "zapier.companies",
    "deals": "zapier.deals",
    "enroll": "sequences.enroll",
    "enrollments": "sequences.enrollments",
    "invoices": "zapier.invoices",
    "projects": "zapier.projects",
    "replies": "sequences.replies",
    "sends": "sequences.sends",
}


def no_attribute(client: object, name: str) -> AttributeError:
    """Return the error for a name that the client does not have, with its place if it has one."""
    place = f": it is `.{_ELSEWHERE[name]}`" if name in _ELSEWHERE else ""
    text = f"{type(client).__name__!r} object has no attribute {name!r}{place}"
    return AttributeError(text, name=name, obj=client)
