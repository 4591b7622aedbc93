"""A far TaskRouter that only lists: the workspace and the workers of a configuration, each page after its time.

Arguments: seconds of latency, the configuration (JSON). Prints its address on stdout; ends when stdin does. Pages are
made beforehand: only the latency and the way through the sockets are measured.
"""

import asyncio
import json
import sys
from pathlib import Path

ACCOUNT = "AC" + "0" * 32
WORKSPACE = "WS" + "0" * 32
ACTIVITY = "WA" + "0" * 32
PAGE_SIZE = 1000
DATE = "2026-01-01T00:00:00Z"
LINKS = (
    "activity",
    "channels",
    "cumulative_statistics",
    "real_time_statistics",
    "reservations",
    "statistics",
    "workspace",
)


def pages_of(configuration, address):
    """Every answer, by its path and query."""
    workers = f"/v1/Workspaces/{WORKSPACE}/Workers"
    name = configuration["workspace"]["name"]
    first = {
        "sid": WORKSPACE,
        "account_sid": ACCOUNT,
        "friendly_name": name,
        "multi_task_enabled": True,
        "default_activity_sid": ACTIVITY,
        "timeout_activity_sid": ACTIVITY,
        "links": {"workers": f"{address}{workers}"},
    }
    items = [worker(number, each, f"{address}{workers}") for number, each in enumerate(configuration["workers"])]
    found = {"/v1/Workspaces?PageSize=1000": page("workspaces", [first], None)}
    starts = range(0, len(items), PAGE_SIZE)
    urls = [f"{workers}?PageSize={PAGE_SIZE}" + (f"&Page={n}&PageToken=PT{n}" if n else "") for n in range(len(starts))]
    for start, url, following in zip(starts, urls, [*urls[1:], None], strict=True):
        next_url = following and f"{address}{following}"
        found[url] = page("workers", items[start : start + PAGE_SIZE], next_url)
    return found


def worker(number, declared, collection):
    sid = f"WK{number:032x}"
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "workspace_sid": WORKSPACE,
        "friendly_name": declared["name"],
        "activity_sid": ACTIVITY,
        "activity_name": "Offline",
        "available": False,
        "attributes": json.dumps(declared["attributes"]),
        "date_created": DATE,
        "date_updated": DATE,
        "date_status_changed": DATE,
        "url": f"{collection}/{sid}",
        "links": {link: f"{collection}/{sid}/{link}" for link in LINKS},
    }


def page(key, items, next_url):
    return json.dumps({key: items, "meta": {"key": key, "page_size": PAGE_SIZE, "next_page_url": next_url}}).encode()


async def serve(latency_s, configuration):
    pages = {}

    async def answer(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(latency_s)
                body = pages[head.split(b" ", 2)[1].decode()]
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pages.update(pages_of(configuration, address))
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())))
