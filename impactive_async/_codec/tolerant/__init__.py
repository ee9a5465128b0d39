"""Reading answers that are not of the contract's shape: tried where the contract's own shape fails."""
