"""An application as people write them for Twilio: it is called over HTTP, checks signatures, and answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator


class Application(ThreadingHTTPServer):
    """Answers assignment callbacks with what ``instructions`` has for the worker's name, and takes every event.

    Whatever arrives with a wrong signature is answered with 403 and never seen by a test.
    """

    daemon_threads = True

    def __init__(self, auth_token):
        super().__init__(("127.0.0.1", 0), Handler)
        self.validator = RequestValidator(auth_token)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.instructions = {}
        self.offers = Queue()
        self.events = Queue()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def event_types(self):
        return [self.events.get_nowait()["EventType"] for _ in range(self.events.qsize())]

    def stop(self):
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One call."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        signature = self.headers.get("X-Twilio-Signature", "")
        if not self.server.validator.validate(self.server.url + self.path, form, signature):
            self.answer(403)
        elif self.path.startswith("/events"):
            self.server.events.put(form)
            self.answer(204)
        else:
            self.server.offers.put((self.path, form))
            self.answer(200, self.server.instructions.get(form["WorkerName"], {}))

    def answer(self, status, instruction=None):
        body = b"" if instruction is None else json.dumps(instruction).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""
