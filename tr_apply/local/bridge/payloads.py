"""The payloads for a worker's page: the fields of the REST API, with moments as seconds since 1970, and versions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tr_apply.local.kinds.columns import Item
from tr_apply.local.storage.clock import moment_of
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import ChannelChange, Event
from tr_apply.routing.records import HOLDING, Reservation, Task, Transfer

Payload = dict[str, Any]

_DATES: Final = ("date_created", "date_updated", "date_status_changed")


class View(NamedTuple):
    """From where payloads are seen: a workspace as it is now, for an account."""

    account_sid: str
    state: State
    now_ms: int

    def of_item(self, item: Item) -> Payload:
        """Any resource as the store has it."""
        dates: Payload = {name: moment_of(item[name]) // 1000 for name in _DATES if name in item}
        return {"account_sid": self.account_sid, **item, **dates}

    def activity(self, item: Item) -> Payload:
        """An activity."""
        return self.of_item(item)

    def task_queue(self, item: Item) -> Payload:
        """A task queue."""
        return {**self.of_item(item), "lifo_queue": item["task_order"] == "LIFO"}

    def worker(self, item: Item) -> Payload:
        """A worker."""
        return {**self.of_item(item), "version": self.state.worker(item["sid"]).worker.version}

    def channel(self, item: Item) -> Payload:
        """A worker channel."""
        last_ms = self.state.worker(item["worker_sid"]).last_reserved_on.get(item["task_channel_unique_name"])
        return {**self.of_item(item), "available": int(item["available"]), "last_reserved_time": last_ms}

    def task(self, task: Task) -> Payload:
        """A task."""
        return {**self._task(task), "account_sid": self.account_sid, "workspace_sid": self.state.workspace.sid}

    def reservation(self, reservation: Reservation, task: Task, transfer: Transfer | None = None) -> Payload:
        """A reservation with its task, and the transfers that led to it and that go out from it."""
        workflow = self.state.workflows.get(reservation.workflow_sid)
        channel = self.state.channels.get(reservation.channel)
        incoming = transfer or self.state.transfers.get(reservation.transfer_sid or "")
        outgoing = self.state.transfer_from(reservation)
        return {
            **self._about_task(reservation),
            "worker_sid": reservation.worker_sid,
            "worker_name": reservation.worker_name,
            "reservation_status": reservation.status,
            "reservation_timeout": workflow and workflow.task_reservation_timeout_s,
            "task_channel_sid": channel and channel.sid,
            "worker_previous_activity_sid": reservation.previous_activity_sid,
            "version": reservation.version,
            "task": self._task(task),
            **_where(canceled_reason_code=reservation.canceled_reason_code),
            **_where(task_transfer=incoming and self.transfer(incoming)),
            **_where(active_outgoing_task_transfer=outgoing and self.transfer(outgoing)),
        }

    def _about_task(self, record: Reservation | Transfer) -> Payload:
        """The keys that a reservation and a transfer of a task begin with."""
        return {
            "account_sid": self.account_sid,
            "workspace_sid": self.state.workspace.sid,
            "sid": record.sid,
            "date_created": record.created_ms // 1000,
            "date_updated": record.updated_ms // 1000,
            "task_sid": record.task_sid,
        }

    def transfer(self, transfer: Transfer) -> Payload:
        """The transfer of a task."""
        return {
            **self._about_task(transfer),
            "initiating_reservation_sid": transfer.reservation_sid,
            "initiating_worker_sid": transfer.worker_sid,
            "initiating_queue_sid": transfer.queue_sid,
            "initiating_workflow_sid": transfer.workflow_sid,
            "transfer_mode": transfer.mode,
            "transfer_type": transfer.type,
            "transfer_to": transfer.to_sid,
            "transfer_status": transfer.status,
            **_where(transfer_failed_reason=transfer.failed_reason),
        }

    def _task(self, task: Task) -> Payload:
        state = self.state
        queue, workflow = state.queues.get(task.queue_sid or ""), state.workflows.get(task.workflow_sid)
        channel = state.channels.get(task.channel)
        return {
            "sid": task.sid,
            "date_created": task.created_ms // 1000,
            "date_updated": task.updated_ms // 1000,
            "age": (self.now_ms - task.created_ms) // 1000,
            "assignment_status": task.status,
            "attributes": task.attributes.text,
            "addons": "{}",
            "priority": task.priority,
            "reason": task.reason,
            "timeout": task.timeout_s,
            "queue_sid": task.queue_sid,
            "queue_name": queue and queue.queue.name,
            "workflow_sid": task.workflow_sid,
            "workflow_name": workflow and workflow.name,
            "task_channel_sid": channel and channel.sid,
            "task_channel_unique_name": task.channel,
            "routing_target": task.routing_target,
            "ignore_capacity": task.ignore_capacity,
            "virtual_start_time": task.virtual_start_ms // 1000,
            "version": task.version,
        }


class SeenWorker(NamedTuple):
    """A worker and the worker's channels, by unique name, as a page has read them: what of them never changes."""

    worker: Item
    channels: Mapping[str, Item]


def event_payload(event: Event, state: State, account_sid: str, seen: SeenWorker) -> Payload | None:
    """The message to a worker's page about an event, with the state of that time; None for no message."""
    return _EVENTS[event.type](event, View(account_sid, state, event.at_ms), seen)


def concerned(event: Event, state: State) -> Iterator[str]:
    """The SIDs of the workers who are sent an event; of one about a task those who have it, or just had it."""
    if event.reservation is not None:
        yield event.reservation.worker_sid
    elif event.worker is not None:
        yield event.worker.sid
    elif isinstance(event.about, Transfer):
        yield event.about.worker_sid
    elif event.task is not None and event.type == "reservation.failed":
        yield event.task.routing_target or ""
    elif event.task is not None and (party := state.tasks.get(event.task.sid)) is not None:
        held = (state.reservations[sid] for sid in party.reservations)
        yield from {each.worker_sid: None for each in held if each.status in HOLDING or each.updated_ms >= event.at_ms}


def _of_worker(event: Event, view: View, seen: SeenWorker) -> Payload:
    worker, activity = event.its_worker, view.state.activities.get(event.its_worker.activity_sid)
    return {
        **view.of_item(seen.worker),
        "friendly_name": worker.name,
        "activity_sid": worker.activity_sid,
        "activity_name": activity and activity.name,
        "available": activity is not None and activity.available,
        "attributes": worker.attributes.text,
        "date_updated": event.at_ms // 1000,
        "date_status_changed": worker.status_changed_ms // 1000,
        "version": worker.version,
    }


def _of_channel(event: Event, view: View, seen: SeenWorker) -> Payload | None:
    worker, about = event.its_worker, event.about
    assert isinstance(about, ChannelChange), "so the engine reports it"
    if (item := seen.channels.get(about.channel)) is None:
        return None  # it was added since; the page does not have it
    channel, party = worker.channels[about.channel], view.state.workers.get(worker.sid)
    return {
        **view.of_item(item),
        "configured_capacity": channel.capacity,
        "available": int(channel.available),
        "assigned_tasks": about.assigned_tasks,
        "available_capacity_percentage": about.available_capacity_percentage,
        "date_updated": event.at_ms // 1000,
        "last_reserved_time": party and party.last_reserved_on.get(about.channel),
    }


def _of_reservation(event: Event, view: View, _seen: SeenWorker) -> Payload:
    transfer = event.about if isinstance(event.about, Transfer) else None
    return view.reservation(event.its_reservation, event.its_task, transfer)


def _of_task(event: Event, view: View, _seen: SeenWorker) -> Payload:
    return view.task(event.its_task)


def _of_transfer(event: Event, view: View, _seen: SeenWorker) -> Payload:
    assert isinstance(event.about, Transfer)
    return view.transfer(event.about)


_EVENTS: Final[Mapping[str, Callable[[Event, View, SeenWorker], Payload | None]]] = {
    "worker.activity.update": _of_worker,
    "worker.attributes.update": _of_worker,
    "worker.capacity.update": _of_channel,
    "worker.channel.availability.update": _of_channel,
    "reservation.created": _of_reservation,
    "reservation.accepted": _of_reservation,
    "reservation.rejected": _of_reservation,
    "reservation.timeout": _of_reservation,
    "reservation.canceled": _of_reservation,
    "reservation.rescinded": _of_reservation,
    "reservation.completed": _of_reservation,
    "reservation.wrapup": _of_reservation,
    "reservation.failed": _of_task,  # there is no reservation, as none could be made
    "task.updated": _of_task,
    "task.canceled": _of_task,
    "task.completed": _of_task,
    "task.wrapup": _of_task,
    "task.transfer-initiated": _of_transfer,
    "task.transfer-attempt-failed": _of_transfer,
    "task.transfer-failed": _of_transfer,
    "task.transfer-canceled": _of_transfer,
    "task.transfer-completed": _of_transfer,
}

TYPES: Final = frozenset(_EVENTS)
"""The events that a worker's page is sent."""


def _where(**fields: Any) -> Payload:
    """The fields that have a value: a page reads a null as a value."""
    return {name: value for name, value in fields.items() if value is not None}
