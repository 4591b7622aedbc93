"""What differs between a declared and a live resource, and which of it is ours or secret."""
