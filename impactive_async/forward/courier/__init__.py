"""What delivers to one destination: its group held, its events in order, tried, and settled in the hub."""
