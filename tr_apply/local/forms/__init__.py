"""What the text of a form field or query parameter may be, and which value it means."""
