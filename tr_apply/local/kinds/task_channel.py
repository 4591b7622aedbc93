"""Task channels: kinds of tasks; a worker can have several tasks of one concurrently."""

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, Field, ServedKind
from tr_apply.local.kinds.setup import task_channel_of
from tr_apply.local.kinds.worker_channel import open_channels
from tr_apply.local.storage.database import Writer


def _open_for_workers(writer: Writer, sid: str, change: Change) -> None:
    if change.before is None:
        workers = writer.rows(
            "SELECT sid FROM worker WHERE workspace_sid = ? ORDER BY position",
            (change.workspace_sid,),
        )
        open_channels(writer, [(worker_sid, sid) for (worker_sid,) in workers])


def _inform(session: Session, item: Item, change: Change | None) -> None:
    engine = session.engine(item["workspace_sid"])
    if change is None:
        engine.delete_channel(item["unique_name"], session.now_ms)
    else:
        engine.put_channel(task_channel_of(item), session.now_ms)


TASK_CHANNEL = ServedKind(
    name="task_channel",
    noun="TaskChannel",
    sid_prefix="TC",
    collection="/Workspaces/{workspace_sid}/TaskChannels",
    list_key="channels",
    columns={
        **columns.within_workspace("task_channel"),
        **columns.plain("task_channel", "friendly_name", "unique_name", "channel_optimized_routing"),
        **columns.dates("task_channel"),
    },
    source="task_channel",
    scope=("task_channel.workspace_sid",),
    parent="workspace",
    booleans=("channel_optimized_routing",),
    links={"workspace": "/Workspaces/{workspace_sid}"},
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(
            name="UniqueName",
            column="unique_name",
            parse=fields.visible_name,
            on="create",
            required=True,
        ),
        Field(
            name="ChannelOptimizedRouting",
            column="channel_optimized_routing",
            parse=fields.boolean,
            default=False,
        ),
    ),
    named_by="unique_name",
    inform=_inform,
    alias="task_channel.unique_name",
    settle=_open_for_workers,
)
