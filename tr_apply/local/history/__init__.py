"""The past: transactions that route, the rows that routing changes, and events."""
