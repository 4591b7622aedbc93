"""A configuration in the routing engine, without a TaskRouter: the routes of tasks.

offline_workspace   a configuration in the engine, with SIDs of its own, and the questions about it
staff               its workers: their tasks, and who is available
route               the route of one task: the JSON document of ``route``
find_route          from the trace of the engine to that document
results             routing tests and their results: the JSON document of ``test``
coverage            the parts that no test reaches

The same for a live workspace in its present state:

present_workspace   its answers in the engine, with the loads of its people
waiting_task        a task that waits: in which step, since when
task_history        the history from its events and reservations
live_route          its route from its present place, with the facts
live_answer         why it waits, in a sentence
live_facts          those facts: the JSON that ``route --live`` adds
"""
