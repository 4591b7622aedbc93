"""Rules that Twilio's documentation leaves open, each decided here, with the alternative.

Rules about single values and operators are marked "unsure" in evaluate.py. Rules about the life of tasks are here: a
rule that is a value is a constant; the others are listed below, each with its module.

- *Syntax that TaskRouter has accepted although no grammar explains it has no effect* (tokens.py, parser.py). In
  ``x == 'a', 'b'`` only the first value is compared; the star of ``*(…)`` is ignored; ``flag!`` of
  ``flag! = true`` is the name of an attribute that nobody has; ``skill-level`` in an order_by is one name.
  Alternatives: a list, a negation, or that the whole expression has no effect.
- *A step without a time-out adds nothing to the sum of the time-outs after it* (workflow.py), so a step reached
  by ``skip_if`` keeps a deadline of its own. Alternative: every later step waits for ever, too.
- *A time-out of 0 means no time-out* (workflow.py). Alternative: the step is left as soon as it is entered.
- *Across filters the sum of time-outs continues* (workflow.py). Alternative: it begins anew with each filter.
- *A filter was skipped if every one of its steps was left by skip_if* (workflow.py), because the default filter is
  documented not to be used after a time-out. Alternative: the last step alone decides.
- *A task that matches no filter is created and ends immediately* (progress.py), with task.created, workflow.entered,
  workflow.timeout and task.canceled. Alternative: its creation is refused.
- *skip_if is evaluated when a step is entered and when a reservation of the step has ended* (progress.py).
  Alternative: also whenever a worker changes.
- *Changed attributes and ReEvaluateTasks begin at the first filter, passing steps whose deadline is over; everything
    else continues in the present step* (progress.py).
- *A step whose deadline is over on entry is passed without an event* (progress.py).
- *A task that stays in its queue in the next step does not move* (progress.py): there is task-queue.timeout and
  workflow.target-matched, but no task-queue.moved or .entered.
- *Workers who never had a reservation come first, by the time of their last change of activity, then by SID*
  (engine/eligibility.py). Alternative: by the time of their creation.
- *Among workers who are freed together the one longest idle chooses first* (dispatch.py).
- *With fewer workers than MaxReservedWorkers these get a reservation, and none is added later* (dispatch.py).
- *A LIFO queue is ordered by the creation of tasks* (parties.py). Alternative: by their virtual start time.
- *A RoutingTarget that is a queue means waiting there until the task's time is over* (progress.py). One that is a
  worker waits for that worker as long; TaskRouter's own limit for "in time" is not documented.
- *When a reservation is rescinded or canceled, a single-tasking worker returns to the activity before it*
  (reservations.py), as is documented of rejecting. Alternative: the worker stays in the reservation activity.
- *24 hours after acceptance a task is deleted, whether it is assigned or wrapping* (tasks.py). Alternative: only if it
    is assigned, so one that wraps never ends.
- *An event about a reservation has the task as its resource* (event_data.py), as in the one recorded list of events.
  Alternative: the reservation.
- *Known workers' friendly names are compared without regard to case* (engine/eligibility.py).
- *A transfer to a worker who is not available fails immediately* (transfers.py). Alternative: it waits for the worker.
- *A transfer to a queue goes on until somebody accepts it or it is canceled* (transfers.py): if the last reservation
  ends otherwise, an attempt has failed. Alternative: one that times out ends the transfer.
- *A cold transfer wraps the first reservation up when it begins* (transfers.py). Alternative: when it is accepted.
- *A task whose transfer fails after the first worker has completed it ends* (transfers.py), as no worker has it.
- *A task's time to live does not count during a transfer* (tasks.py): it was accepted in time.
- *A task channel without a record for a worker has capacity 1 and is available* (state.py).
"""

from typing import Final, Literal

REASON_WORKFLOW_TIMEOUT: Final = "Task canceled on Workflow timeout"
"""Confirmed by a test against Twilio."""

REASON_WORKFLOW_SKIPPED: Final = "Task canceled on Workflow skipped"
"""The wording is ours; Twilio's is not known."""

REASON_TTL: Final = "Task TTL Exceeded"
"""Confirmed by the documentation."""

REASON_TRANSFER: Final = "Transfer failed because the"
"""In the SDK's own tests for a reservation that timed out; the other endings are ours."""

REASON_TRANSFER_ATTEMPT: Final = "Transfer attempt failed on"
"""The same, of one that was rejected."""

REASON_ASSIGNMENTS: Final = "Task TTL Exceeded or Max assignment count exceeded"
"""Seen in the wild, for both; the only known wording that mentions assignments."""

REASON_TARGET_NOT_RESERVED: Final = "RoutingTarget SLA for Reservation creation was not met"
REASON_TARGET_NOT_ACCEPTED: Final = "RoutingTarget not available for Reservation acceptance:"
"""Only the beginning is known; we add how the reservation ended."""

UNSET_QUEUE_ORDER: Final[Literal["FIFO", "LIFO"]] = "FIFO"
"""Which queues go first while the workspace has no PrioritizeQueueOrder. Alternative: LIFO, or none."""
