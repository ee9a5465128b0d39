"""What a destination is: where, which events, signed with what, and tried how often."""
