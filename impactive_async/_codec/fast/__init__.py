"""The fast readers: rows by way of structs. What they leave undecided, the exact reader decides."""
