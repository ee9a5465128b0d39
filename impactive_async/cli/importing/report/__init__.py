"""A page to show of an import: what came of it, what was refused and why, and when people were enrolled.

facts.py      what the page says
timeline.py   how far the work was, and when
chart.py      the pictures
page.py       the page: one file of HTML, without scripts, that loads nothing
"""
