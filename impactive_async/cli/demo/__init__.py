"""`impactive demo`: one week of a sequence on the embedded sandbox, in seconds, with the books checked at the end.

leads.csv       the people
command.py      the command
play.py         the whole, from the first contact to the books
cast.py         who and what it is about
reactions.py    what the program does about replies
story.py        what happens, and when
consumer.py     the process that follows the feeds, and that is killed on the way
process.py      this side of that process
virtual.py      the consumer's clock: the feeds poll at their real pace, in the sandbox's time
reconcile.py    what the sandbox did against what arrived
screen.py       what people see
"""
