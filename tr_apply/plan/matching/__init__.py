"""Pairs declared with live resources, decides what happens to each, and finds what must be read for that."""
