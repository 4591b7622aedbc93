"""The Statistics resources: figures of a workspace, its queues, workflows and workers.

What is counted is plain arithmetic over values, so that a timeline of a few lines can prove it: occurrences.py says
what counts of an event, cumulative.py and activity_durations.py add that up over a window, real_time.py counts what is
there now. Where TaskRouter's documentation leaves a rule open, choices.py has what was chosen.
"""
