"""Which column of a table is which field of a contact.

fields.py     the fields, and how the headers of all sorts of programs spell them
mapping.py    the columns of one file: by its header, by `--map`, by `--split-name`
mapfile.py    a mapping kept in a file
evidence.py   what the columns hold: samples, and addresses that nobody would import
"""
