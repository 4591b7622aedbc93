"""An embedded TaskRouter for the tests of an application: seeded, steered and inspected from the tests.

The pytest fixture ``taskrouter`` is one, and needs no import. In any other framework::

    from tr_apply.testing import TaskRouter

    with TaskRouter() as taskrouter:
        sids = taskrouter.seed("taskrouter/")
        task = taskrouter.client.taskrouter.v1.workspaces(sids["workspace"]).tasks.create()
        taskrouter.advance(60)
        print(taskrouter.callbacks[0].form["WorkerName"])
"""

from tr_apply.testing.callbacks import CallbackLog as CallbackLog
from tr_apply.testing.callbacks import SentCallback as SentCallback
from tr_apply.testing.taskrouter import FaultMatch as FaultMatch
from tr_apply.testing.taskrouter import FaultRule as FaultRule
from tr_apply.testing.taskrouter import TaskRouter as TaskRouter

__all__ = ["CallbackLog", "FaultMatch", "FaultRule", "SentCallback", "TaskRouter"]
