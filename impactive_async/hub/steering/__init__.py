"""What people do with a hub: they look at a feed, rewind it, pause it, and move a group in the log."""
