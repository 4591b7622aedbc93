"""One configuration from what is written in several files, or once for many objects.

sections         the files of a folder, joined
overlay          a file laid over them, by the names of what they hold
overlay_safety   what an overlay may say about ``safety``
for_each         the objects that one item makes
each_rows        the tables that such an item may name
"""
