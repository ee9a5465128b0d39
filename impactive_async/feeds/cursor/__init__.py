"""What of a page is new, and what may be missing. Pure: no I/O, no clock."""
