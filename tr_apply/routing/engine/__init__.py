"""The routing engine, by responsibility; each module imports only from those above it.

line            workers in the order in which they are chosen
parties         tasks, workers and queues with their indexes; which task is served first: priority, FIFO, LIFO
eligibility     who may take a task, and who of them first: known workers, order_by, the longest idle
log             what a call did, and all there is, as values
state           everything known at one moment, and when something is due
presence        a worker's activity and queues
reservations    how they begin and end, and what that does to the worker
dispatch        a task looks for workers, a worker for tasks
progress        a task's way through its workflow: time-outs of steps, skip_if
tasks           what callers and time do to tasks: changes, the end, the time to live
transfers       an assigned task is offered to somebody else
answers         what workers and time do to reservations: accept, reject, wrap up, time out
workers         what callers do to workers
configuration   what callers do to queues, workflows and the rest
setup           the state from values, and back
engine          the calls
"""
