"""How a command ends: what signals do to it, and what does not hold it up."""
