"""Refusals of the engine, as TaskRouter makes them; nothing has happened when one of these is raised."""

from tr_apply.errors import TrApplyError


class RoutingRefusedError(TrApplyError):
    """The root: a step that the present state does not allow.

    ``api_code`` and ``status`` are TaskRouter's own code and its HTTP status.
    """

    code = "routing-refused"
    api_code = 20001
    status = 400


class IllegalStepError(RoutingRefusedError):
    """A task, a reservation or a worker is not in a state from which this is possible."""


class NotAssignedError(IllegalStepError):
    """A task is completed or wrapped up that no worker has. Between the two parts the API names the account."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} {why}")
        self.what = what
        self.why = why


class RescindedError(RoutingRefusedError):
    """The reservation was rescinded: another worker was faster."""

    status = 410


class InUseError(RoutingRefusedError):
    """A queue, a workflow or a worker cannot be deleted while tasks need it."""


class UnknownResourceError(RoutingRefusedError):
    """There is no such task, reservation, worker or other resource."""

    api_code = 20404
    status = 404
