"""A configuration in the routing engine, without a TaskRouter: what becomes of tasks.

offline_workspace   a configuration in the engine, with SIDs of its own, and what can be asked of it
staff               its workers: what they have in hand, and who is available
route               the way of one task: the JSON document of ``route``
find_route          from what the engine traced to that document
results             routing tests and their results: the JSON document of ``test``
coverage            what no test has reached

The same of a live workspace, as it is at this minute:

present_workspace   its answers in the engine, with the loads of its people
waiting_task        a task that waits: in which step, since when
task_history        what its events and reservations tell
live_route          its way from where it is, with the facts
live_answer         why it waits, in a sentence
live_facts          those facts: the JSON that ``route --live`` adds
"""
