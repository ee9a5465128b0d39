"""`impactive sequences rehearse`: which mails a sequence would send, drawn over the days.

command.py    the command
rehearsing.py from the arguments to the output
people.py     from a file to the people: ids, JSON, or a table as an import reads it
days.py       the days of a rehearsal, and what goes out on each
picture.py    the picture and the words for a terminal
page.py       the same as one file of HTML, without scripts, that loads nothing
"""
