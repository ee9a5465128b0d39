"""What is to become of each line, decided before anything is sent.

keys.py        addresses in eight bytes, and where each stood first
recorded.py    what the journal of an earlier run knows
alignment.py   which row of the journal a line is, though lines were corrected or deleted
companies.py   the companies that the workspace lists
existing.py    the people that the workspace lists
plan.py        every line looked at, and its fate
"""
