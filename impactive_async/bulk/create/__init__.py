"""Creating many contacts: batches, workers, and what becomes of each row."""
