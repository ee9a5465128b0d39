"""The companies that the workspace lists, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from impactive_async.cli.importing.people.findings import Findings
from impactive_async.cli.kit.words.wording import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from impactive_async import AsyncClient, Company


@attrs.frozen
class ListedCompanies:
    """Ids by names; a name that several companies have means none of them."""

    ids: Mapping[str, str] | None = None
    """`None`: nobody has asked for them."""
    missing: Findings = attrs.field(factory=Findings)
    """Names in the file that are not listed."""

    def id_of(self, name: str | None) -> str | None:
        """The id of the company of this name, if it is listed."""
        return None if name is None or self.ids is None else self.ids.get(same_name(name)) or None

    def note(self, name: str | None, line: int) -> None:
        """Remember a name that is not listed."""
        if name is not None and self.ids is not None and self.id_of(name) is None:
            self.missing.add("missing", line, name)

    def sentence(self) -> str | None:
        """What to say of names that are not listed."""
        for _, found in self.missing:
            verb = "names" if found.number == 1 else "name"
            return (
                f"{count(found.number, 'line')} {verb} a company that the workspace does not "
                f"list (it lists the {count(len(self.ids or ()), 'company')} changed last), such as "
                f"{quoted(found.example)}: these people get none. `impactive companies create` makes one."
            )
        return None


def same_name(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(name.casefold().split())


async def list_companies(crm: AsyncClient) -> dict[str, str]:
    """The ids of the listed companies by their names; empty where several have the name."""
    return by_name(await crm.zapier.companies.list())


def by_name(companies: Iterable[Company]) -> dict[str, str]:
    """Their ids by their names; empty where several have the name."""
    found: dict[str, str] = {}
    for company in companies:
        name = same_name(company.name or "")
        if name:
            found[name] = "" if name in found else company.id
    return found
