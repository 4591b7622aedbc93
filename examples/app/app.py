"""A help desk with the standard library alone: takes questions, accepts them for its workers, counts who waits.

``python app.py`` serves it on port 3000, with the settings from the environment. ``test_app.py`` tests it.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlencode
from urllib.request import Request, urlopen


@dataclass(frozen=True)
class Settings:
    """Where TaskRouter is, whose account it is, and under which URL TaskRouter reaches the help desk."""

    account_sid: str
    auth_token: str
    workspace_sid: str
    workflow_sid: str
    own_url: str
    taskrouter_url: str = "https://taskrouter.twilio.com"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in environment variables named like ``ACCOUNT_SID``."""
        names = (name for name in cls.__dataclass_fields__ if name.upper() in environment)
        return cls(**{name: environment[name.upper()] for name in names})


class HelpDesk:
    """The logic of the help desk, without HTTP servers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def ask(self, question: Mapping[str, str]) -> dict[str, Any]:
        """Create a task for a question, whose fields the workflow reads as attributes."""
        form = {"WorkflowSid": self.settings.workflow_sid, "Attributes": json.dumps(question)}
        return {"task": self._taskrouter("POST", "Tasks", form)["sid"]}

    def decide(self, offer: Mapping[str, str]) -> dict[str, str]:
        """The instruction for an offer: take it, unless nobody has written anything."""
        is_empty = not json.loads(offer["TaskAttributes"]).get("text")
        return {"instruction": "reject" if is_empty else "accept"}

    def statistics(self) -> dict[str, int]:
        """How many questions wait for an answer, how long the first of them has, and how many are being answered."""
        now = self._taskrouter("GET", "RealTimeStatistics")
        by_status = now["tasks_by_status"]
        waiting = by_status["pending"] + by_status["reserved"]
        return {"waiting": waiting, "waits_s": now["longest_task_waiting_age"], "answering": by_status["assigned"]}

    def is_signed(self, path: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether the sender of a form knows the auth token, as TaskRouter does."""
        text = self.settings.own_url + path + "".join(name + form[name] for name in sorted(form))
        digest = hmac.digest(self.settings.auth_token.encode(), text.encode(), hashlib.sha1)
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())

    def _taskrouter(self, method: str, resource: str, form: Mapping[str, str] | None = None) -> Any:
        settings = self.settings
        login = base64.b64encode(f"{settings.account_sid}:{settings.auth_token}".encode()).decode()
        url = f"{settings.taskrouter_url}/v1/Workspaces/{settings.workspace_sid}/{resource}"
        body = None if form is None else urlencode(form).encode()
        request = Request(url, body, {"Authorization": f"Basic {login}"}, method=method)  # noqa: S310
        with urlopen(request, timeout=10) as answer:  # noqa: S310  # the URL is ours
            return json.load(answer)


class Handler(BaseHTTPRequestHandler):
    """The help desk over HTTP."""

    desk: HelpDesk

    def do_GET(self) -> None:
        """Answer ``/statistics``."""
        self._answer(self.desk.statistics if self.path == "/statistics" else None)

    def do_POST(self) -> None:
        """Take a question, or decide about an offer of TaskRouter's."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        if self.path == "/questions":
            self._answer(lambda: self.desk.ask(form), 201)
        elif self.path != "/assignment":
            self._answer(None)
        elif self.desk.is_signed(self.path, form, self.headers.get("X-Twilio-Signature", "")):
            self._answer(lambda: self.desk.decide(form))
        else:
            self._send(403, {"error": "not signed by TaskRouter"})

    def _answer(self, work: Any, status: int = 200) -> None:
        if work is None:
            self._send(404, {"error": "not found"})
            return
        try:
            self._send(status, work())
        except HTTPError as error:
            with error:
                self._send(503, {"error": f"TaskRouter refuses: {error}"})
        except URLError as error:
            self._send(503, {"error": f"TaskRouter does not answer: {error.reason}"})

    def _send(self, status: int, answer: Mapping[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serving(port: int) -> ThreadingHTTPServer:
    """A server that listens on this machine; ``serve_forever`` lets it answer, once ``Handler.desk`` is set."""
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    Handler.desk = HelpDesk(Settings.of(os.environ))
    serving(3000).serve_forever()
