"""Commands that read and write rows. One noun, one file, as in `impactive_async.resources`."""
