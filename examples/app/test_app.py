"""The help desk with an embedded TaskRouter, which the fixture ``taskrouter`` of tr-apply brings."""

import json
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import app
import pytest

CONFIGURATION = Path(__file__).with_name("taskrouter.yaml")


class Visitor:
    """Somebody who uses the help desk by HTTP, while the test looks at its TaskRouter."""

    def __init__(self, url, workspace, sids):
        self.url, self.workspace, self.sids = url, workspace, sids

    def ask(self, **question):
        return self.workspace.tasks(self.post("questions", **question)["task"])

    def post(self, path, **form):
        with urlopen(f"{self.url}/{path}", urlencode(form).encode()) as answer:
            return json.load(answer)

    def refusal(self, path, **form):
        """The status with which a form is refused."""
        with pytest.raises(HTTPError) as refused:
            self.post(path, **form)
        with refused.value as answer:
            return answer.code

    def statistics(self):
        with urlopen(f"{self.url}/statistics") as answer:
            return json.load(answer)

    def start_work(self, name):
        worker = self.workspace.workers(self.sids[f"worker/{name}"])
        worker.update(activity_sid=self.sids["activity/Available"])


@pytest.fixture
def visitor(taskrouter, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    taskrouter.pin("2027-01-04T09:00:00Z")
    with app.serving(port=0) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        sids = taskrouter.seed(CONFIGURATION, variables={"APP_URL": url})
        account = {"account_sid": taskrouter.account_sid, "auth_token": taskrouter.auth_token}
        places = {"workspace_sid": sids["workspace"], "workflow_sid": sids["workflow/Questions"]}
        settings = app.Settings(**account, **places, own_url=url, taskrouter_url=taskrouter.url)
        monkeypatch.setattr(app.Handler, "desk", app.HelpDesk(settings), raising=False)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield Visitor(url, taskrouter.client.taskrouter.v1.workspaces(sids["workspace"]), sids)
        server.shutdown()


def test_a_question_is_accepted_for_a_worker_who_speaks_the_language(taskrouter, visitor):
    task = visitor.ask(text="¿Dónde?", language="es")

    [offer] = taskrouter.callbacks
    assert (offer.form["WorkerName"], offer.answer) == ("maria", {"instruction": "accept"})
    assert task.fetch().assignment_status == "assigned"


def test_an_empty_question_is_rejected(taskrouter, visitor):
    taskrouter.callbacks.hold()  # or it is offered to the same worker again and again
    task = visitor.ask(text="")
    offer = taskrouter.callbacks.replay(taskrouter.callbacks[0])

    assert offer.answer == {"instruction": "reject"}
    assert task.fetch().assignment_status == "reserved"


def test_questions_wait_until_somebody_has_time(taskrouter, visitor):
    taskrouter.callbacks.fail_next()  # nobody answers for maria, who is then taken for absent
    visitor.ask(text="Where?")
    taskrouter.advance(90)
    assert visitor.statistics() == {"waiting": 1, "waits_s": 90, "answering": 0}

    visitor.start_work("bob")

    assert taskrouter.callbacks[-1].form["WorkerName"] == "bob"
    assert visitor.statistics() == {"waiting": 0, "waits_s": 0, "answering": 1}


def test_an_offer_that_somebody_else_makes_is_refused(visitor):
    assert visitor.refusal("assignment", TaskAttributes="{}") == 403


def test_the_help_desk_says_so_when_taskrouter_is_down(taskrouter, visitor):
    taskrouter.faults({"action": "status", "status": 503, "match": {"method": "POST", "path_regex": "/Tasks$"}})

    assert visitor.refusal("questions", text="Where?") == 503
