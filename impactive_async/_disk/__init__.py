"""SQLite and files that survive a power cut."""
