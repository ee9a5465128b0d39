"""`impactive demo`: one week of a sequence on the embedded sandbox, in seconds. At the end all rows are counted.

leads.csv       the people
command.py      the command
run.py          the demo from the first contact to the totals
people.py       the people of a file, and the sequence they go through
scenario.py     what happens in the week, and when
replies.py      what the demo's program does about replies
consumer.py     the process that follows the feeds, and that is killed in the middle
process.py      starts, kills and talks to that process
clock.py        the consumer's clock, which runs in the sandbox's time
reconcile.py    compares what the sandbox did with what arrived
screen.py       what is drawn
"""
