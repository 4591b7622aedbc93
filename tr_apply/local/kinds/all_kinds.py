"""All kinds of resources by name, parents before their children."""

from collections.abc import Mapping

from tr_apply.local.kinds.activity import ACTIVITY
from tr_apply.local.kinds.event import EVENT
from tr_apply.local.kinds.kind import ServedKind
from tr_apply.local.kinds.reservation import TASK_RESERVATION, WORKER_RESERVATION
from tr_apply.local.kinds.task import TASK
from tr_apply.local.kinds.task_channel import TASK_CHANNEL
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.kinds.worker import WORKER
from tr_apply.local.kinds.worker_channel import WORKER_CHANNEL
from tr_apply.local.kinds.workflow import WORKFLOW
from tr_apply.local.kinds.workspace import WORKSPACE

KINDS: Mapping[str, ServedKind] = {
    kind.name: kind
    for kind in (
        WORKSPACE,
        ACTIVITY,
        TASK_CHANNEL,
        TASK_QUEUE,
        WORKFLOW,
        WORKER,
        WORKER_CHANNEL,
        TASK,
        TASK_RESERVATION,
        WORKER_RESERVATION,
        EVENT,
    )
}
