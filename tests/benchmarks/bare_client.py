"""The least a client can do: send requests over a few connections, each the next as soon as it is answered."""

import asyncio
import time
from base64 import b64encode
from urllib.parse import urlsplit

CREDENTIALS = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}


def seconds_for(url, requests, connections):
    """How long it takes to send *requests*, each a method, a path and a form, without looking at the answers."""
    return asyncio.run(_sent(urlsplit(url), requests, connections))


async def _sent(address, requests, connections):
    login = b64encode(":".join(CREDENTIALS.values()).encode()).decode()
    fixed = f"Host: {address.netloc}\r\nAuthorization: Basic {login}\r\n"
    fixed += "Content-Type: application/x-www-form-urlencoded\r\n"

    async def send(first):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for method, path, form in requests[first::connections]:
            writer.write(f"{method} {path} HTTP/1.1\r\n{fixed}Content-Length: {len(form)}\r\n\r\n{form}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer[9:11] == b"20", answer
            await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(send(first) for first in range(connections)))
    return time.perf_counter() - began
