"""`impactive contacts import`: from a spreadsheet's CSV to contacts.

sheet.py      the file: encoding, delimiter, records with their line numbers
columns.py    which column is which field
people.py     a record as a contact to be created, or what is wrong with it
plan.py       a sheet whose every line has been looked at
telling.py    what is said about it: the columns, the preview, what was not created
command.py    the command
"""
