"""The Statistics resources: figures of a workspace, its queues, workflows and workers.

Counting is plain arithmetic over values, so a timeline of a few lines can prove it. cumulative.py and
activity_stays.py sum up the events of a window, which past.py reads; real_time.py counts the present. Rules that
TaskRouter's documentation leaves open are in choices.py.
"""
