"""The sending of what was planned, and what came of it.

rows.py       the rows of the import, in the order of its journal
updates.py    people who are there already get what their lines say
create.py     everybody created, whatever interrupts it
outcomes.py   what became of each line, out of the journal
results.py    a list of that
rejects.py    the lines that were not imported, to be corrected
"""
