"""The file by which a killed import goes on: what was sent, and what is known of it."""
