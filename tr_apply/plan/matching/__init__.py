"""Which live resource is which declared one, what becomes of each, and what must be read to know it."""
