"""The answers to refused requests: the only place that knows the status of each refusal."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tr_apply.local.http.answers import error_body, json_response
from tr_apply.local.http.requests import account_of
from tr_apply.local.storage.refusals import (
    AbsolutePagingError,
    AccessTokenError,
    BodyTooLargeError,
    DuplicateNameError,
    ForbiddenError,
    InstructionError,
    InvalidParameterError,
    LockedNowError,
    MethodNotAllowedError,
    NotFoundError,
    PreconditionFailedError,
    RequestError,
    SlowBodyError,
    TooLongAgoError,
    UnauthorizedError,
    UnavailableError,
)
from tr_apply.routing.refusals import NotAssignedError, RoutingRefusedError

_STATUS: Final[Mapping[type[RequestError], int]] = {
    InvalidParameterError: 400,
    DuplicateNameError: 400,
    InstructionError: 400,
    AbsolutePagingError: 400,
    TooLongAgoError: 400,
    UnauthorizedError: 401,
    AccessTokenError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    MethodNotAllowedError: 405,
    SlowBodyError: 408,
    PreconditionFailedError: 412,
    BodyTooLargeError: 413,
    UnavailableError: 503,
    LockedNowError: 503,
}
_SERVER_ERROR: Final = 20500


def refused(request: Request, error: RequestError) -> Response:
    """Twilio's error body for a request that cannot be carried out."""
    status, message = _STATUS[type(error)], str(error)
    headers = {}
    match error:
        case NotFoundError():
            message = f"The requested resource {_path(request)} was not found"
        case MethodNotAllowedError():
            message = f"{request.method} is not allowed on {_path(request)}"
        case DuplicateNameError():
            message += f" for account {account_of(request)}"
        case UnauthorizedError():
            headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        case UnavailableError():
            headers["Retry-After"] = "1"
        case SlowBodyError() | BodyTooLargeError():
            headers["Connection"] = "close"  # the rest of the body need not be taken
    return json_response(error_body(error.code, message, status), status, headers)


def step_refused(request: Request, error: RoutingRefusedError) -> Response:
    """The same for what the state of tasks and workers does not allow."""
    message = str(error)
    if isinstance(error, NotAssignedError):
        message = f"{error.what} for account {account_of(request)} {error.why}"
    return json_response(error_body(error.api_code, message, error.status), error.status)


def failed(message: str = "Internal server error") -> Response:
    """The answer for a bug of ours, or for a database that cannot be used any more.

    The bug reaches the server as an exception, and the server then ends the connection. The answer says so: otherwise a
    client with kept connections sends its next request into one that is being closed.
    """
    return json_response(error_body(_SERVER_ERROR, message, 500), 500, {"Connection": "close"})


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix("/v1")
