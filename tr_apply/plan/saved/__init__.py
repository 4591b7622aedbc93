"""A plan as a document: written, read back, and checked against the workspace as it is by then."""
