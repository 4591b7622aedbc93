"""Control of the test world, under ``/_tr-apply/``: its clock, its callbacks, its faults, and its state.

For tests of applications on this machine, and only where ``tr-apply serve --control`` asks for it: whoever reaches it
can empty the database.
"""
