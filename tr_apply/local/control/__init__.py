"""Control of the test world, under ``/_tr-apply/``: its clock, its callbacks, its faults, and its state.

For tests of applications on this machine, and only with ``tr-apply serve --control``: anyone with access to it can
delete the database's content.
"""
