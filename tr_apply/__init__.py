"""Configuration as code for Twilio TaskRouter.

::

    import tr_apply

    configuration = tr_apply.load("taskrouter/", overlays=["production.yaml"])
    async with tr_apply.connect() as router:
        plan = await router.plan(configuration)
        print(plan.text())
        await router.apply(plan, allow_delete={"task_queue": 2})

Everything here is imported on first use, which keeps ``tr-apply --help`` instant.
"""

from importlib import import_module

from tr_apply.version import __version__

TYPE_CHECKING = False
"""That of ``typing``, which is not imported before the command line can answer an interrupt."""

_HOMES = {
    "tr_apply.api.configurations": ("load",),
    "tr_apply.api.offline": ("difference", "embedded", "picture", "route", "simulate", "test"),
    "tr_apply.api.plan": ("Plan",),
    "tr_apply.api.records": ("records",),
    "tr_apply.api.rollout": ("Rollout", "RunOptions", "planned_scope", "rollout", "show"),
    "tr_apply.api.router": ("Router", "connect"),
    "tr_apply.apply": ("Stop",),
    "tr_apply.config.load": ("Configuration",),
    "tr_apply.errors": (
        "AnswerLostError",
        "ApiError",
        "ConfigError",
        "ExpressionSyntaxError",
        "IncompleteError",
        "InterruptedRunError",
        "NetworkError",
        "RefusedError",
        "RouteChangeError",
        "StaleError",
        "TargetError",
        "TrApplyError",
        "UsageError",
    ),
    "tr_apply.models": (
        "Acceptance",
        "Activity",
        "Filter",
        "Lint",
        "Manage",
        "Ownership",
        "Safety",
        "SectionOwnership",
        "Target",
        "TaskChannel",
        "TaskQueue",
        "Worker",
        "WorkerChannel",
        "WorkersOwnership",
        "Workflow",
        "Workspace",
    ),
    "tr_apply.plan.checks.consent": ("Approval", "Consent"),
    "tr_apply.synchronous": ("run",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

if TYPE_CHECKING:
    from typing import Any

    from tr_apply.api.configurations import load as load
    from tr_apply.api.offline import difference as difference
    from tr_apply.api.offline import embedded as embedded
    from tr_apply.api.offline import picture as picture
    from tr_apply.api.offline import route as route
    from tr_apply.api.offline import simulate as simulate
    from tr_apply.api.offline import test as test
    from tr_apply.api.plan import Plan as Plan
    from tr_apply.api.records import records as records
    from tr_apply.api.rollout import Rollout as Rollout
    from tr_apply.api.rollout import RunOptions as RunOptions
    from tr_apply.api.rollout import planned_scope as planned_scope
    from tr_apply.api.rollout import rollout as rollout
    from tr_apply.api.rollout import show as show
    from tr_apply.api.router import Router as Router
    from tr_apply.api.router import connect as connect
    from tr_apply.apply import Stop as Stop
    from tr_apply.config.load import Configuration as Configuration
    from tr_apply.errors import AnswerLostError as AnswerLostError
    from tr_apply.errors import ApiError as ApiError
    from tr_apply.errors import ConfigError as ConfigError
    from tr_apply.errors import ExpressionSyntaxError as ExpressionSyntaxError
    from tr_apply.errors import IncompleteError as IncompleteError
    from tr_apply.errors import InterruptedRunError as InterruptedRunError
    from tr_apply.errors import NetworkError as NetworkError
    from tr_apply.errors import RefusedError as RefusedError
    from tr_apply.errors import RouteChangeError as RouteChangeError
    from tr_apply.errors import StaleError as StaleError
    from tr_apply.errors import TargetError as TargetError
    from tr_apply.errors import TrApplyError as TrApplyError
    from tr_apply.errors import UsageError as UsageError
    from tr_apply.models import Acceptance as Acceptance
    from tr_apply.models import Activity as Activity
    from tr_apply.models import Filter as Filter
    from tr_apply.models import Lint as Lint
    from tr_apply.models import Manage as Manage
    from tr_apply.models import Ownership as Ownership
    from tr_apply.models import Safety as Safety
    from tr_apply.models import SectionOwnership as SectionOwnership
    from tr_apply.models import Target as Target
    from tr_apply.models import TaskChannel as TaskChannel
    from tr_apply.models import TaskQueue as TaskQueue
    from tr_apply.models import Worker as Worker
    from tr_apply.models import WorkerChannel as WorkerChannel
    from tr_apply.models import WorkersOwnership as WorkersOwnership
    from tr_apply.models import Workflow as Workflow
    from tr_apply.models import Workspace as Workspace
    from tr_apply.plan.checks.consent import Approval as Approval
    from tr_apply.plan.checks.consent import Consent as Consent
    from tr_apply.synchronous import run as run

__all__ = [
    "Acceptance",
    "Activity",
    "AnswerLostError",
    "ApiError",
    "Approval",
    "ConfigError",
    "Configuration",
    "Consent",
    "ExpressionSyntaxError",
    "Filter",
    "IncompleteError",
    "InterruptedRunError",
    "Lint",
    "Manage",
    "NetworkError",
    "Ownership",
    "Plan",
    "RefusedError",
    "Rollout",
    "RouteChangeError",
    "Router",
    "RunOptions",
    "Safety",
    "SectionOwnership",
    "StaleError",
    "Stop",
    "Target",
    "TargetError",
    "TaskChannel",
    "TaskQueue",
    "TrApplyError",
    "UsageError",
    "Worker",
    "WorkerChannel",
    "WorkersOwnership",
    "Workflow",
    "Workspace",
    "__version__",
    "connect",
    "difference",
    "embedded",
    "load",
    "picture",
    "planned_scope",
    "records",
    "rollout",
    "route",
    "run",
    "show",
    "simulate",
    "test",
]


def __getattr__(name: str) -> "Any":
    if (module := _HOME_OF.get(name)) is None:
        raise AttributeError(f"module 'tr_apply' has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)
