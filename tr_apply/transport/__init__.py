"""Requests to TaskRouter and their answers: connections, pace, time-outs, retries. Knows nothing of resources."""

from tr_apply.transport.call import (
    Call,
    Connection,
    LostError,
    Observer,
    Outcome,
    Patience,
    Purpose,
    Response,
    Verdict,
)
from tr_apply.transport.pace import Pace
from tr_apply.transport.retry import Sender
from tr_apply.transport.slots import Transport
from tr_apply.transport.through import in_process

__all__ = [
    "Call",
    "Connection",
    "LostError",
    "Observer",
    "Outcome",
    "Pace",
    "Patience",
    "Purpose",
    "Response",
    "Sender",
    "Transport",
    "Verdict",
    "in_process",
]
