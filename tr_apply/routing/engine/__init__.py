"""The routing engine, by responsibility; each module imports only from those above it.

timers          when something is due
line            workers in the order in which they are chosen
waiting         tasks in the order in which they are served
parties         workers and queues with their indexes
log             what a call did, and all there is, as values
state           everything known at one moment
presence        a worker's activity and queues
reservations    how they begin and end
dispatch        a task looks for workers, a worker for tasks
progress        a task's way through its workflow
tasks           what callers and time do to tasks
transfers       an assigned task is offered to somebody else
answers         what workers and time do to reservations
workers         what callers do to workers
configuration   what callers do to queues, workflows and the rest
setup           the state from values, and back
engine          the calls
"""
