"""What an import says: before anything is sent, while it runs, and in the end.

checking.py    a progress bar while lines are looked at
columns.py     which column is which field, with samples
preview.py     what would be sent
findings.py    what was found on the lines
question.py    one question before thousands are written
summary.py     what came of it
"""
