"""A record as a contact to be created.

person.py       the contact, or what is wrong with the record
address.py      an email address: cleaned, checked, or a proposal
clean.py        what is taken off the edges of a cell
names.py        a whole name as first and last name
suspicious.py   what can be sent and hardly is what was meant
findings.py     what was found on the way, by kind
"""
