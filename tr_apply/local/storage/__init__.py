"""The SQLite file: clock, SIDs, schema, and the two ways to use it."""
