"""The embedded TaskRouter as a distant one: each request has a latency, and there is a limit of requests a second.

Arguments: seconds of latency, requests a second (0: no limit). Prints its address on stdout; ends when stdin does.
"""

import asyncio
import json
import socket
import sys
import threading
import time

import uvicorn

from tr_apply.local import open_app

BURST = 10


class Slow:
    """Delays the requests it accepts, and refuses the rest immediately. ``/count`` has both numbers."""

    def __init__(self, app, latency_s, per_s):
        self._app = app
        self._latency_s = latency_s
        self._per_s = per_s
        self._tokens, self._at = float(BURST), time.monotonic()
        self._under_way = 0
        self.count = {"admitted": 0, "refused": 0, "most_at_once": 0}

    async def __call__(self, scope, receive, send):
        if scope["path"] == "/count":
            await answer(send, 200, self.count)
            return
        self._under_way += 1
        self.count["most_at_once"] = max(self.count["most_at_once"], self._under_way)
        try:
            if self._admits():
                self.count["admitted"] += 1
                await asyncio.sleep(self._latency_s)
                await self._app(scope, receive, send)
            else:
                self.count["refused"] += 1
                await answer(send, 429, {"code": 20429, "message": "Too many requests", "status": 429})
        finally:
            self._under_way -= 1

    def _admits(self):
        if not self._per_s:
            return True
        now = time.monotonic()
        self._tokens, self._at = min(BURST, self._tokens + (now - self._at) * self._per_s), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


async def answer(send, status, body):
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def main():
    app = Slow(open_app(":memory:"), float(sys.argv[1]), float(sys.argv[2]))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))

    def end_with_stdin():
        sys.stdin.read()
        server.should_exit = True

    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=end_with_stdin, daemon=True).start()
        server.run([listener])


if __name__ == "__main__":
    main()
