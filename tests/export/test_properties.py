"""For any live workspace, planning its export finds nothing to do."""

import itertools
import json
from datetime import date
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings

from tests.seeded import Choices, chosen, json_value
from tr_apply.lint import lint

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a workspace takes too many requests to be shrunk
PROPERTY = settings(max_examples=40, phases=PHASES, suppress_health_check=list(HealthCheck))
NUMBERS = itertools.count()

ODD = [
    "no",
    "null",
    "~",
    "012",
    "1e3",
    "+14155550100",
    "-",
    "a: b",
    "# a",
    "'a' \"b\"",
    "${x}",
    "$${y}",
    "${sid:worker/a}",
]
ODDER = [
    "é 日本 \U0001f600",
    " space ",
    "a\\b",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "{a}",
    "[a]",
    "a\nb",
    "a\tb",
    "\x07",
    "\u2028",
]
ODDEST = ["<<", "=", "true", "2024-01-01", "12:30", "0x1F", ".inf", "|", ">", "a}b", "a/b", "WQ" + "0" * 32, "$", "${"]
TEXTS = [*ODD, *ODDER, *ODDEST]
SIZE = 6_000  # bytes of a large workspace; what is made after the last byte is the simplest of its kind


def text(choices):
    return choices.choice(TEXTS) if choices.flag() else choices.any_text(12).replace("\0", "")


def name(choices):
    cut = text(choices)[:64]
    return cut if cut.strip() else "é"


SCALARS = (
    lambda _: None,
    Choices.flag,
    lambda choices: choices.choice([1, -1]) * int.from_bytes(choices.taken(5), "big"),
    Choices.number,
    text,
)


def attributes(choices, most):
    return dict(choices.several(lambda part: (text(part), json_value(part, SCALARS, text, 2)), most, size=160))


EXPRESSIONS = ["1==1", "level > 3 AND languages HAS 'es'", "name == '${x}'", "a == \"b\" OR (c IN ['d', 'e'])"]


SEEDED = {"offline", "available", "unavailable", "default", "voice", "chat", "sms", "video", "programmable chat"}


class Making:
    """Creates a workspace by what hypothesis draws, as people and programs would through the API."""

    def __init__(self, world, choices):
        self.world, self.choices = world, choices
        self.name = f"W {next(NUMBERS)} {name(choices)}"[:64]
        self.path = "/Workspaces/" + self.post("/Workspaces", FriendlyName=self.name)["sid"]
        self.sids = [self.path.rpartition("/")[2]]
        self.spelled = list(self.sids)  # those that a ${sid:…} can name

    def post(self, path, **form):
        return self.world.rest("POST", path, **form)

    def some(self, collection, form, key="FriendlyName"):
        """The SIDs of some new resources."""
        made = {
            name: self.post(f"{self.path}/{collection}", **{key: name}, **form(name))["sid"] for name in self.names()
        }
        self.sids += made.values()
        self.spelled += [sid for name, sid in made.items() if "}" not in name and "${" not in name]
        return list(made.values())

    def names(self):
        """Names that TaskRouter does not take for the same, nor for one of its own."""
        found = {each.casefold(): each for each in self.choices.several(name, 4, size=60)}
        return [each for folded, each in found.items() if folded not in SEEDED]

    def text(self):
        """Any text, perhaps with the SID of something in it, or of something that is gone."""
        sid = self.one_of(*self.sids, "WK" + "f" * 32, "")
        return text(self.choices).rstrip("$") + sid + text(self.choices)

    def url(self):
        """A URL that TaskRouter takes, with any text in it, perhaps a SID."""
        return "https://example.com/" + quote(self.text(), errors="replace")

    def one_of(self, *choices):
        return self.choices.choice(choices)

    def json(self):
        value = attributes(self.choices, 4)
        return value | {"text": self.text()} if self.choices.flag() else value

    def build(self):
        activities = self.some("Activities", lambda _: {"Available": self.one_of("true", "false")})
        self.some("TaskChannels", lambda name: {"FriendlyName": name}, key="UniqueName")
        queues = self.some("TaskQueues", lambda _: self.queue(activities))
        if queues:
            self.some("Workflows", lambda _: self.workflow(queues))
        workers = self.some("Workers", lambda _: {"Attributes": json.dumps(self.json())})
        for worker in workers[:2]:
            self.channels(worker)
        self.post(self.path, **self.settings(activities))

    def queue(self, activities):
        form = {
            "TargetWorkers": self.one_of(*EXPRESSIONS, f"queue == '{self.one_of(*self.sids)}'"),
            "MaxReservedWorkers": self.one_of("1", "7"),
            "TaskOrder": self.one_of("FIFO", "LIFO"),
        }
        if activities and self.choices.flag():
            form |= {
                "ReservationActivitySid": self.one_of(*activities),
                "AssignmentActivitySid": self.one_of(*activities),
            }
        return form

    def workflow(self, queues):
        routing = {"filters": [self.filter(queues) for _ in range(self.one_of(0, 1, 2))]}
        if not routing["filters"] or self.choices.flag():
            routing["default_filter"] = self.target(queues)
        document = {"task_routing": routing | self.extra("routing"), **self.extra("document")}
        return {
            "Configuration": json.dumps(document),
            "AssignmentCallbackUrl": self.url(),
            "FallbackAssignmentCallbackUrl": self.url(),
            "TaskReservationTimeout": self.one_of("1", "120", "86400"),
        }

    def extra(self, level):
        return {f"{level}{key}": value for key, value in attributes(self.choices, 1).items()}

    def filter(self, queues):
        name = {self.one_of("filter_friendly_name", "friendly_name", "friendlyName"): self.one_of(self.text(), None)}
        targets = [self.target(queues) for _ in range(self.one_of(1, 2))]
        return {**name, "expression": self.one_of(*EXPRESSIONS), "targets": targets, **self.extra("filter")}

    def target(self, queues):
        rest = {
            "priority": self.one_of(None, 0, 5, "5", 2**40),
            "timeout": self.one_of(None, 0, 60, "60"),
            "expression": self.one_of(None, "worker.level == task.level"),
            "order_by": self.one_of(None, "worker.level DESC"),
            "skip_if": self.one_of(None, "workers.available == 0"),
            "known_worker_sid": self.one_of(None, "task.agent"),
            "known_worker_friendly_name": None,
        }
        kept = {key: value for key, value in rest.items() if self.choices.flag()}
        return {self.one_of("queue", "task_queue_sid"): self.one_of(*queues), **kept, **self.extra("target")}

    def channels(self, worker):
        path = f"{self.path}/Workers/{worker}/Channels"
        for each in self.world.rest("GET", path)["channels"][:3]:
            self.post(
                f"{path}/{each['sid']}", Capacity=self.one_of("0", "1", "50"), Available=self.one_of("true", "false")
            )

    def settings(self, activities):
        form = {
            "EventCallbackUrl": self.url(),
            "EventsFilter": self.one_of("", "task.created", "task.created, task.canceled", "a b,,c"),
            "PrioritizeQueueOrder": self.one_of("FIFO", "LIFO"),
        }
        return form | ({"TimeoutActivitySid": self.one_of(*activities)} if activities else {})


@PROPERTY
@given(choices=chosen(lambda choices: choices, SIZE))
def test_the_export_of_a_live_workspace_plans_empty(new_world, exported, told_plan, choices):
    world = new_world()
    making = Making(world, choices)
    making.build()

    text = exported(world, making.name)

    configuration = world.configuration(text)
    lint(configuration, today=date(2026, 1, 1))
    configuration.require_valid()
    assert told_plan(world.plan(text)) == []
    assert exported(world, making.name) == text
    for sid in making.spelled:
        assert sid not in text
