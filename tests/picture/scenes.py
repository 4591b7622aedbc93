"""Workflows and workspaces written in a line each, and names that are somebody's attempt."""

from tr_apply.picture import Scene, Texts, members_of, picture_of
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.resources.workflow import Filter, Target, Workflow

HOSTILE = (
    '<script>alert("x")</script>',
    "</style><img src=x onerror=alert(1)>",
    "a]b|c`d`{e}(f)",
    "%%{init: {}}%% --> end; #quot; #35; &lt;",
    "1. one",
    "- two **three** __four__ [five](https://six.example)",
    '\\N\\l" ] } ; subgraph x',
    "☎️ Ελληνικά 日本語 العربية",
    "\u202eevil\u0007\x1b[31m\n::error::x",
    "##[error]x",
    "W" * 200,
    "i" * 200,
)


def target_of(written):
    """A queue or a mapping, unchecked like a live one."""
    return Target.model_construct(**({"queue": written} if isinstance(written, str) else written))


def workflow_of(*filters, default="Everyone", name="Voice"):
    """Out of (name, expression, target, target...)."""
    listed = [
        Filter.model_construct(name=title, expression=expression, targets=list(map(target_of, targets)))
        for title, expression, *targets in filters
    ]
    return Workflow.model_construct(
        name=name, filters=listed, default_filter=None if default is None else target_of(default)
    )


def scene_of(*workflows, queues=None, workers=None):
    """Queues by name with their expressions, and workers by name with their attributes."""
    texts = Texts()
    made = [
        TaskQueue.model_construct(name=name, target_workers=expression) for name, expression in (queues or {}).items()
    ]
    members = members_of(made, workers, texts) if workers else {}
    people = f"the {len(workers)} declared workers" if workers else ""
    return Scene("Center", workflows, made, members, people, texts)


def lanes_of(*filters, default="Everyone"):
    """The lanes of one workflow."""
    [lanes] = picture_of(scene_of(workflow_of(*filters, default=default))).workflows
    return lanes.lanes
