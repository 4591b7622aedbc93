"""One configuration from several files, and from items that make many objects.

sections         the files of a folder, joined
overlay          a file that changes them, by the names of objects
overlay_safety   the changes that an overlay may make to ``safety``
for_each         the objects that one item makes
each_rows        the tables that such an item may name
"""
