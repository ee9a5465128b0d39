"""Loss-free event streams over lists that can only be polled."""
