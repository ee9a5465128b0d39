"""The contract's 29 rows as a table: how each is called, what is sent, what comes back, what may go wrong.

Written from the contract. `test_wire_form` plays it against a mocked session, the other tests against the sandbox.
"""

from tests.resources import contact_cases, sequence_cases, zapier_cases

CASES = sorted([*contact_cases.CASES, *sequence_cases.CASES, *zapier_cases.CASES], key=lambda case: case.row)
