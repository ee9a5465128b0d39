"""`impactive contacts import`: from a file of people to contacts.

command.py     the commands and their options
stages.py      the stages of an import, in their order
report/        the page to show
telling/       what is said
sending/       everybody created, and what became of whom
planning/      what is to become of each line
people/        a record as a contact
columns/       which column is which field
reading/       the file
"""
