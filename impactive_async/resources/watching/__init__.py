"""Following lists: which lists there are, how each is polled, and the options of all `watch*` methods."""
