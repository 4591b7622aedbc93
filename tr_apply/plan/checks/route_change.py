"""``--max-route-change``: how many tasks may go elsewhere."""

import json

from tr_apply.errors import RouteChangeError
from tr_apply.plan.change import Plan
from tr_apply.plan.impact import Impact

ALL = 100.0


def require_few_routes_changed(plan: Plan, most: float | None) -> None:
    """Raise if *plan* routes more than *most* per cent of the tasks differently; without a limit, do nothing.

    An unknown route and a task that may be routed differently count as changed. Without recorded tasks there is no
    share: then any change is too much.

    Raises:
        RouteChangeError: With the changes above the limit.
    """
    is_idle = not plan.operations or plan.target.workspace_sid is None
    if most is None or most >= ALL or is_idle:
        return
    impact = plan.impact
    if impact is None:
        raise RouteChangeError(f"{_LIMIT.format(most)}, and the plan does not say what it changes: plan again")
    if impact.unknown:
        raise RouteChangeError(f"{_LIMIT.format(most)}, and not everything is known: {'; '.join(impact.unknown)}")
    if (excess := _excess(impact, most)) is not None:
        raise RouteChangeError(f"{_LIMIT.format(most)}, but {excess}")


_LIMIT = "--max-route-change allows {:g}% of the tasks to go elsewhere"


def _excess(impact: Impact, most: float) -> str | None:
    if impact.tasks is not None and impact.tasks.total:
        elsewhere, unclear, total = impact.tasks.elsewhere, impact.tasks.unclear, impact.tasks.total
        if (elsewhere + unclear) * 100 <= most * total:
            return None
        more = f", and {unclear} more may" if unclear else ""
        return f"{elsewhere} of {total} recorded tasks do ({elsewhere * 100 / total:.3g}%){more}"
    if not impact.routes:
        return None
    number, first = len(impact.routes), impact.routes[0]
    kinds = "tasks of 1 kind do" if number == 1 else f"tasks of {number} kinds do"
    task = json.dumps(first.task, ensure_ascii=False)
    return f"{kinds}, such as {task} in the workflow {first.workflow!r}; how many these are is not known"
