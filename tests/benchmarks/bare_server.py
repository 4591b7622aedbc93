"""The least a server can do that keeps something: a Starlette route on uvicorn that inserts one row into SQLite.

    python bare_server.py FILE

Prints its address, and ends when its input does.
"""

import asyncio
import socket
import sqlite3
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = NORMAL")
database.execute("CREATE TABLE task (position INTEGER PRIMARY KEY, form BLOB NOT NULL)")


async def create(request: Request) -> JSONResponse:
    body = await request.body()
    cursor = database.execute("INSERT INTO task (form) VALUES (?)", (body,))
    return JSONResponse({"sid": cursor.lastrowid}, 201)


async def main() -> None:
    app = Starlette(routes=[Route("/tasks", create, methods=["POST"])])
    config = uvicorn.Config(app, http="httptools", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201
        serving = asyncio.create_task(server.serve([listener]))
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


uvloop.run(main())  # uvicorn sets its loop up only where it starts it itself
