"""advice(): what to look at when TaskRouter does not let somebody in."""

import pytest

from tests.transport.clock import run
from tests.transport.scripted import Script, answer
from tr_apply.errors import ApiError
from tr_apply.transport import Call, Connection, Patience, Sender, Transport
from tr_apply.transport.retry import advice

ACCOUNT = "AC" + "1" * 32
TOKEN = Connection("https://taskrouter.ie1.twilio.com", ACCOUNT, "x", ACCOUNT, ("T_SID", "T_TOKEN"), "ie1")
KEY = Connection("https://example.com", "SK1", "x", ACCOUNT, ("T_KEY", "T_SECRET"))
WORKER = f"/v1/Workspaces/WS{'1' * 32}/Workers/WK{'2' * 32}"

ADVICE = [
    (401, TOKEN, Call("GET", "/v1/Workspaces"), ("; the credentials in T_SID and T_TOKEN were refused (each region of "
     "Twilio has credentials of its own, and this is ie1)")),
    (401, KEY, Call("GET", "/v1/Workspaces?PageSize=1"), ("; the credentials in T_KEY and T_SECRET were refused; a "
     "restricted key needs the TaskRouter permission to read workspaces")),
    (403, KEY, Call("POST", f"/v1/Workspaces/WS{'1' * 32}/TaskQueues"), ("; a restricted key needs the TaskRouter "
     "permission to create task queues")),
    (403, KEY, Call("POST", WORKER), "; a restricted key needs the TaskRouter permission to update workers"),
    (403, TOKEN, Call("DELETE", WORKER), "; the credentials in T_SID and T_TOKEN may not delete workers"),
    (404, KEY, Call("GET", WORKER), ""),
    (401, Connection("http://local", "local", "local"), Call("GET", "/v1/Workspaces"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "connection", "call", "expected"), ADVICE)
def test_a_refused_login_says_which_variables_and_which_permission(status, connection, call, expected):
    assert advice(status, call, connection) == expected


def test_the_error_of_a_refused_login_says_it_and_not_who_asked():
    connection = Connection("http://127.0.0.1:1", "SK0canary", "x", ACCOUNT, ("T_KEY", "T_SECRET"))
    refusal = answer(401, {"code": 20003, "message": "Authenticate, SK0canary", "status": 401})

    async def sent():
        patience = Patience()
        transport = Transport(connection, concurrency=1, through=Script(refusal), patience=patience, observer=None)
        return await Sender(transport, patience).get("/v1/Workspaces")

    with pytest.raises(ApiError) as refused:
        run(sent())

    assert str(refused.value) == (
        "GET /v1/Workspaces: Authenticate, *** (HTTP 401, code 20003); the credentials in T_KEY and T_SECRET were refused; "
        "a restricted key needs the TaskRouter permission to read workspaces"
    )
