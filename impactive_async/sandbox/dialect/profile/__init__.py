"""Profiles: reading them, checking them, and the settings that they give to each operation."""
