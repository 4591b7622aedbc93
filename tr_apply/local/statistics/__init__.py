"""The Statistics resources: figures of a workspace, its queues, workflows and workers.

Counting is plain arithmetic over values, so a timeline of a few lines can prove it. occurrences.py defines what counts
of an event; cumulative.py and activity_durations.py sum that up over a window; real_time.py counts the present. Rules
that TaskRouter's documentation leaves open are in choices.py.
"""
