"""The embedded TaskRouter against answers of the real one, recorded in 2016 and 2019.

Every recorded request is made again, with the SIDs of the embedded TaskRouter, and the answers are compared field by
field: names, JSON types and values. SIDs, dates and URLs are compared by their form.
"""

import re
from fnmatch import fnmatch
from urllib.parse import urlsplit

import pytest

SID = re.compile(r"[A-Z]{2}(?:[0-9a-f]{32}|X{32})")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

DIFFERENCES = {
    # place in the answer, as year.path, lists without their index: why it may differ
    "*.account_sid": "replaced in the recordings",
    "2016.*friendly_name": "'Rails Workspace' was put for whatever the workspace was called",
    "2016.attributes": "keys were sorted then, later they came back in the order sent; a number was replaced",
    "2016.*multi_task_enabled": "false was the default then",
    "2016.*prioritize_queue_order": "newer than the recording",
    "2016.*task_order": "newer than the recording",
    "2016.*links.*": "there were fewer links then",
    "2019.links.statistics": "there were fewer links of a workflow then",
    "2019.links.real_time_statistics": "there were fewer links of a workflow then",
    "2019.links.cumulative_statistics": "there were fewer links of a workflow then",
    "2019.links.bulk_real_time_statistics": "newer than the recording",
    "2021.*": "the recording was cut to four fields",
}
"""The only places where an answer may have another value than was recorded, or a field that was not recorded."""

COLLECTIONS = {"WS": "/Workspaces", "WQ": "{workspace}/TaskQueues"}


def year_of(recording):
    return recording["recorded_at"][12:16] or "2019"


def recordings_by_year(shared):
    by_year = {}
    for recording in shared("corpus/api_recordings.json"):
        by_year.setdefault(year_of(recording), []).append(recording)
    return by_year


class Replay:
    """Makes recorded requests again, one after the other, and remembers the new SID for each recorded one."""

    def __init__(self, api):
        self.api = api
        self.sids = {}
        for workspace in api.get("/Workspaces").json()["workspaces"]:
            api.delete(f"/Workspaces/{workspace['sid']}")

    def translated(self, text):
        return SID.sub(lambda found: self.sids.get(found[0], found[0]), text)

    def prepare(self, recording):
        """Create what the recording refers to, or finds, without showing how it came about."""
        uri = urlsplit(recording["uri"])
        if recording["method"] == "GET" and uri.path == "/v1/Workspaces":
            name = uri.query.removeprefix("FriendlyName=").replace("+", " ")
            [found] = recording["response"]["workspaces"]
            form = {"FriendlyName": name, "EventCallbackUrl": found["event_callback_url"]}
            self.create("WS", found["sid"], form)
        for sid in SID.findall(uri.path + str(recording["form"])):
            if sid not in self.sids and sid[:2] in COLLECTIONS and recording["status"] != 404:
                self.create(sid[:2], sid, {"FriendlyName": sid})
        if uri.query == "FriendlyName=Reserved":
            # The default workspace of 2016 was single-tasking, and so had this activity.
            self.api.post(self.translated(uri.path.removeprefix("/v1")), data={"FriendlyName": "Reserved"})

    def create(self, prefix, sid, form):
        workspaces = ["", *(own for own in self.sids.values() if own.startswith("WS"))]
        workspace = f"/Workspaces/{workspaces[-1]}"
        answer = self.api.post(COLLECTIONS[prefix].format(workspace=workspace), data=form)
        assert answer.status_code == 201, answer.text
        self.sids[sid] = answer.json()["sid"]

    def send(self, recording):
        self.prepare(recording)
        uri = urlsplit(recording["uri"])
        url = self.translated(uri.path.removeprefix("/v1")) + (f"?{uri.query}" if uri.query else "")
        form = {name: self.translated(text) for name, text in recording["form"]}
        answer = self.api.request(recording["method"], url, data=form or None)
        assert answer.status_code == recording["status"], answer.text
        return answer.json() if answer.content else None

    def differences(self, recorded, actual, path):
        """Every place where the answers differ, remembering SIDs on the way."""
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for name in sorted(recorded.keys() | actual.keys()):
                place = f"{path}.{name}"
                if name not in recorded or name not in actual:
                    yield place, recorded.get(name, "nothing"), actual.get(name, "nothing")
                else:
                    yield from self.differences(recorded[name], actual[name], place)
        elif isinstance(recorded, list) and isinstance(actual, list) and len(recorded) == len(actual):
            for one, other in zip(recorded, actual, strict=True):
                yield from self.differences(one, other, path)
        elif type(recorded) is not type(actual) or not self.same(recorded, actual):
            yield path, recorded, actual

    def same(self, recorded, actual):
        if not isinstance(recorded, str):
            return recorded == actual
        if SID.fullmatch(recorded):
            self.sids.setdefault(recorded, actual)
            return self.sids[recorded] == actual
        if DATE.fullmatch(recorded):
            return bool(DATE.fullmatch(actual))
        if recorded.startswith("https://taskrouter.twilio.com/"):
            # The item's SID may come after its URL in the answer: compare the form, with the known SIDs filled in.
            wanted, got = urlsplit(self.translated(recorded)), urlsplit(actual)
            shape = [SID.sub(lambda found: found[0][:2], each.path) for each in (wanted, got)]
            return shape[0] == shape[1] and wanted.query == got.query
        return self.translated(recorded) == actual


@pytest.mark.parametrize("year", ["2016", "2017", "2019", "2021"])
def test_the_requests_of_that_year_get_the_same_answers(api, shared, year):
    replay = Replay(api)
    unexpected = []

    for recording in recordings_by_year(shared)[year]:
        actual = replay.send(recording)
        unexpected += [
            (recording["method"], recording["uri"], *difference)
            for difference in replay.differences(recording["response"], actual, year)
            if not any(fnmatch(difference[0], place) for place in DIFFERENCES)
        ]

    assert unexpected == []


def test_every_excuse_is_needed(api, shared):
    needed = set()
    for year, recordings in recordings_by_year(shared).items():
        replay = Replay(api)
        for recording in recordings:
            for place, *_ in replay.differences(recording["response"], replay.send(recording), year):
                needed.update(excuse for excuse in DIFFERENCES if fnmatch(place, excuse))

    assert needed == set(DIFFERENCES)
