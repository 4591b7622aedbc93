"""Recorded tasks: read from events or from a file, reduced to the differences that routing sees, and written.

Only ``load_corpus`` reads a file. `deployment/recording.py` reads the events, of tasks and of any other type.
"""
