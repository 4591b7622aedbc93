"""Real workspaces, found in public repositories: each can be created through the API, and reads as it was written."""

import json
import re
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"
FILES = sorted(path.name for path in (SHARED / "corpus" / "workspaces").glob("*.json")) or ["none found"]

SECTIONS = {
    "activities": ("Activities", ("available",)),
    "task_channels": ("TaskChannels", ("unique_name",)),
    "task_queues": ("TaskQueues", ("target_workers", "max_reserved_workers", "task_order")),
    "workflows": (
        "Workflows",
        ("assignment_callback_url", "fallback_assignment_callback_url", "task_reservation_timeout"),
    ),
    "workers": ("Workers", ()),
}
REFUSED = {
    # file: the field that holds a placeholder, and the message about it
    "RJPearson94_acc-TaskQueue_targetWorkers.json": ("target_workers", "TargetWorkers cannot be parsed"),
    "RJPearson94_acc-TaskQueue_taskOrder.json": ("task_order", "TaskOrder must be one of FIFO, LIFO"),
}
LEFT_OUT = {
    # file: a queue that its workflows refer to, and that it does not declare under that name
    "TwilioDevEd_task-router-rails.json": "Default",
    "lhamoudi_bulk-queues-workflows.json": "DEFAULT",
}
ACTIVITY_FIELDS = ("reservation_activity", "assignment_activity", "activity")


class Builder:
    """Creates a workspace of the corpus, adopting what TaskRouter seeded under the same name."""

    def __init__(self, api, document):
        self.api, self.document, self.sids, self._known = api, document, {}, {}
        workspace = document["workspace"]
        form = {"FriendlyName": workspace.get("friendly_name", "Flex"), "Template": workspace.get("template", "NONE")}
        self.path = f"/Workspaces/{self.done(api.post('/Workspaces', data=form))['sid']}"

    def done(self, answer):
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def items(self, collection):
        page = self.done(self.api.get(f"{self.path}/{collection}", params={"PageSize": 1000}))
        return page[page["meta"]["key"]]

    def known(self, collection):
        """The SIDs of what was seeded and of what was created here since, by what identifies one of the collection."""
        if collection not in self._known:
            key = identity(collection)
            self._known[collection] = {each[key]: each["sid"] for each in self.items(collection)}
        return self._known[collection]

    def resolved(self, text):
        """*text* with SIDs for its placeholders; both spellings occur."""
        text = re.sub(r"%\((\w+)_task_queue_sid\)s", lambda found: f"WQ_{found[1]}", text)
        sids = {placeholder.casefold(): sid for placeholder, sid in self.sids.items()}
        keys = sorted(map(re.escape, sids), key=len, reverse=True)
        return re.sub("|".join(keys) or "$^", lambda found: sids[found[0].casefold()], text, flags=re.IGNORECASE)

    def activity(self, name):
        return (
            self.known("Activities").get(name)
            or self.new("Activities", {"FriendlyName": name, "Available": "true"})["sid"]
        )

    def new(self, collection, form):
        made = self.done(self.api.post(f"{self.path}/{collection}", data=form))
        self.known(collection)[made[identity(collection)]] = made["sid"]
        return made

    def build(self):
        for section, (collection, fields) in SECTIONS.items():
            for resource in self.document[section]:
                seeded = self.known(collection).get(resource[identity(collection)])
                sid = seeded or self.created(collection, resource, fields)
                if "key" in resource:
                    self.sids[f"{sid[:2]}_{resource['key']}"] = sid
        for field in ("default_activity", "timeout_activity"):
            if name := self.document["workspace"].get(field):
                form = {f"{field.title().replace('_', '')}Sid": self.activity(name)}
                self.done(self.api.post(self.path, data=form))

    def created(self, collection, resource, fields):
        form = {"FriendlyName": resource["friendly_name"]}
        form |= {pascal(field): form_text(resource[field]) for field in fields if field in resource}
        for field in ACTIVITY_FIELDS:
            if field in resource:
                form[f"{pascal(field)}Sid"] = self.activity(resource[field])
            elif f"{field}_sid" in resource:
                form[f"{pascal(field)}Sid"] = self.resolved(resource[f"{field}_sid"])
        for field in ("attributes", "configuration"):
            if field in resource:
                form[pascal(field)] = self.resolved(json.dumps(resource[field], indent=2))
        made = self.new(collection, form)
        self.check(made, resource, form)
        return made["sid"]

    def check(self, made, resource, form):
        assert made == self.done(self.api.get(made["url"]))
        for field in ("target_workers", "task_order", "max_reserved_workers", "available", "unique_name"):
            if field in resource:
                assert str(made[field]) == str(resource[field])
        for field in ("attributes", "configuration"):
            if field in resource:
                compact = json.dumps(json.loads(form[pascal(field)]), separators=(",", ":"))
                assert made[field] == compact


def identity(collection):
    return "unique_name" if collection == "TaskChannels" else "friendly_name"


def pascal(name):
    return name.title().replace("_", "")


def form_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", FILES)
def test_the_workspace_can_be_created(api, shared, name):
    document = shared(f"corpus/workspaces/{name}")
    builder = Builder(api, document)
    if name in LEFT_OUT:
        document["task_queues"].append({"key": LEFT_OUT[name], "friendly_name": f"{LEFT_OUT[name]} queue"})

    if name in REFUSED:
        field, complaint = REFUSED[name]
        with pytest.raises(AssertionError, match=complaint):
            builder.build()
        del document["task_queues"][0][field]
    builder.build()

    for section, (collection, _) in SECTIONS.items():
        names = {each["friendly_name"] for each in builder.items(collection)}
        missing = {each["friendly_name"] for each in document[section]} - names
        assert missing <= {"Chat"}  # of the channel that is seeded as Programmable Chat
    assert api.delete(builder.path).status_code == 204
