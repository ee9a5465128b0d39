"""Fetching pages, delivering their rows, and saving the cursor."""
