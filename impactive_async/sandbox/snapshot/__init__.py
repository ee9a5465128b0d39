"""A sandbox as a file: everything that its next answers depend on, and back."""
