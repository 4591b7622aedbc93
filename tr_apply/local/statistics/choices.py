"""Rules of statistics that Twilio's documentation leaves open, each decided here, with the alternative.

A rule that is a value is a constant; the others are listed first, each with its module.

Windows (window.py)

- *The window's last second counts completely*, because dates have whole seconds: an EndDate from the answer of another
  request includes all of that second. Alternative: up to exactly that time.
- *EndDate alone means the 15 minutes before it*, StartDate alone means until now. Alternative: an error.
- *A date without a zone is UTC.* An EndDate in the future is accepted and returned as it is; nothing has happened then.
- *A StartDate after EndDate, or after now without one, is refused* with 20001, as are Minutes below 1. Anything else
that makes a window begin more than 30 days ago is refused as such a StartDate is, with 14241.

Cumulative figures (cumulative.py)

- *Seconds are whole and rounded down, from sums of milliseconds*, as the documented example does with averages (8100 in
  8 stays are 1012). The nested ``avg_task_acceptance_time`` is such a number with a decimal point, as recorded.
- *A task or a reservation counts for the queue and the workflow that it was in at that moment*: ``tasks_moved`` of a
  queue are those that left it. What happens to a task in no queue counts for no queue.
- *Waiting is measured from creation*, whatever the task's VirtualStartTime.
- *A wait as long as a threshold of SplitByWaitTime is below it.* Without the parameter the split is ``{}``. Items are
  taken in the order of events until there are SPLIT_LIMIT of them, tasks and reservations together.
- *All figures are returned next to real-time ones, too*, though recorded answers, which are older, lack some there.
- *A timer that was due while the server was down counts at its due time.* Changes during a request do not count for it
  (past.py).

Activities and workers (activity_stays.py, real_time.py)

- *A stay in an activity counts with its part inside the window*, for min, max and avg as well; a stay of no length does
  not count. Stays in deleted activities are left out; those of deleted workers are included.
- *TaskChannel narrows tasks and reservations, not workers*: every worker has every channel.
- *FriendlyName, TaskQueueSid and TaskQueueName narrow Workers/Statistics to workers of today*: to the present members
of the queue, not to their work for it. A queue that does not exist has no members.
- *Worker statistics are answered above 100 workers, too*; TaskRouter closes them only until support opens them.

Requests (inquiry.py, queues.py)

- *A TaskChannel that does not exist is refused* with 20001. Alternative: nothing is of that channel, so all is 0.
- *Parameters that a resource is not documented to have are ignored*, whatever they hold, as they are everywhere.
- *Bulk statistics leave out queues that do not exist*; ``task_queue_response_count`` shows how many are left. The same
SID twice is answered once. Alternative: 404 for all.
"""

from typing import Final

from tr_apply.routing.events import EventType
from tr_apply.routing.records import OPEN, UNASSIGNED, TaskStatus

WAITING: Final[frozenset[TaskStatus]] = UNASSIGNED
"""The tasks among which the longest waiting one is found. Alternative: pending alone."""

COUNTED: Final[frozenset[TaskStatus]] = OPEN
"""The tasks of total_tasks and tasks_by_priority. Alternative: including those that ended within five minutes, which
tasks_by_status includes.
"""

TIMED_OUT_IN_WORKFLOW: Final[frozenset[EventType]] = frozenset({"workflow.timeout"})
"""The events of tasks_timed_out_in_workflow. Alternative: workflow.skipped, too."""

DELETED: Final[frozenset[EventType]] = frozenset({"task.deleted", "task.system-deleted"})
"""The events of tasks_deleted. Alternative: task.deleted alone."""

SPLIT_LIMIT: Final = 10_000
"""How many tasks and reservations each threshold is computed on: the number is documented, which ones is not."""
