"""Requests to TaskRouter and their answers: connections, pace, time-outs, retries. Knows nothing of resources."""

from tr_apply.transport.call import (
    Attempt,
    Call,
    Connection,
    LostError,
    Observer,
    Patience,
    Purpose,
    Response,
    Verdict,
)
from tr_apply.transport.endpoint import proxy_for, require_safe_address
from tr_apply.transport.pace import Pace
from tr_apply.transport.retry import Sender
from tr_apply.transport.slots import Transport
from tr_apply.transport.through import in_process

__all__ = [
    "Attempt",
    "Call",
    "Connection",
    "LostError",
    "Observer",
    "Pace",
    "Patience",
    "Purpose",
    "Response",
    "Sender",
    "Transport",
    "Verdict",
    "in_process",
    "proxy_for",
    "require_safe_address",
]
