"""Lists read at once: whether they are cut, and how to gather more of them."""
