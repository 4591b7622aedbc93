"""The kinds of resources, one module each: the row of facts, and what is particular to the kind."""
