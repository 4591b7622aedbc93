"""The changes that make a live workspace equal to a configuration: values only, nothing is read or written."""
