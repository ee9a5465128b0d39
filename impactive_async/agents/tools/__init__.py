"""The tools, one task a module: what an agent may ask for, and what it is answered."""
