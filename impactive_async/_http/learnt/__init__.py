"""What a client learns of a service beyond the contract."""
