"""The reading of a file: from its bytes to records with the numbers of the lines they stand on.

origin.py     where the bytes come from: a file, a compressed one, standard input
kinds.py      what a file is that is no table, and the way out
encoding.py   which text the bytes are
text.py       the lines of that text
dialect.py    how cells are delimited and quoted
header.py     where the names of the columns stand
records.py    the records of a CSV file
workbook.py   the records of an Excel workbook
sheet.py      all of it together
"""
