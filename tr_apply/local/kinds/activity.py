"""Activities: what a worker is doing, and whether that leaves room for tasks."""

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ServedKind
from tr_apply.local.kinds.setup import activity_of


def _inform(session: Session, item: Item, change: Change | None) -> None:
    engine = session.engine(item["workspace_sid"])
    if change is None:
        engine.delete_activity(item["sid"], session.now_ms)
    else:
        engine.put_activity(activity_of(item), session.now_ms)


ACTIVITY = ServedKind(
    name="activity",
    noun="Activity",
    sid_prefix="WA",
    collection="/Workspaces/{workspace_sid}/Activities",
    list_key="activities",
    columns={
        **columns.within_workspace("activity"),
        **columns.plain("activity", "friendly_name", "available"),
        **columns.dates("activity"),
    },
    source="activity",
    scope=("activity.workspace_sid",),
    parent="workspace",
    booleans=("available",),
    links={"workspace": "/Workspaces/{workspace_sid}"},
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(
            name="Available",
            column="available",
            parse=fields.boolean,
            on="create",  # an activity never changes between available and not
            default=False,
        ),
    ),
    filters=(
        ColumnFilter("FriendlyName", "activity.name_key = ?", fields.folded_name),
        ColumnFilter("Available", "activity.available = ?", fields.boolean),
    ),
    named_by="friendly_name",
    inform=_inform,
)
