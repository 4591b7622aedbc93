"""The differences between a declared and a live resource, and which of them are managed or secret."""
