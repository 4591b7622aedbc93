"""The kinds of resources, one module each: the row of facts, and the rules of the kind."""
