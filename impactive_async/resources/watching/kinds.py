"""The names of what can be followed. The command line imports this module at its start, so it imports little."""

from typing import Final, Literal, get_args

Kind = Literal[
    "enrollments", "sends", "replies", "companies", "contacts", "deals", "invoices", "projects", "bookings"
]
"""What `crm.watch`, a hub and `impactive watch` can follow. Type checkers need the names spelt out here;
`lists.LISTS` has a line for each, and a test compares the two."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
