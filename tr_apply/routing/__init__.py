"""TaskRouter's own rules as pure functions: no input, no output and no clock of their own."""
