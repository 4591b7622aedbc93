"""Plans and results for people: values in, lines out."""
