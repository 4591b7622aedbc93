"""Why the embedded TaskRouter refuses a request.

Each class carries the code that TaskRouter itself puts into its error body; which HTTP status goes with it is the
business of refused_answers.py alone.
"""


class RequestError(Exception):
    """The root: a request that gets an error body instead of an answer."""

    code = 20001


class InvalidParameterError(RequestError):
    """A field or a query parameter is missing or wrong, or the resource is not in a state to allow this."""


class InstructionError(RequestError):
    """A reservation cannot do what it is instructed to; TaskRouter has a code for each reason."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class DuplicateNameError(InvalidParameterError):
    """Another resource of the workspace has that name; refused_answers.py adds the account to the message."""


class NotFoundError(RequestError):
    """There is no such resource; refused_answers.py says which path was asked for."""

    code = 20404


class PreconditionFailedError(RequestError):
    """``If-Match`` names another revision than the present one."""

    code = 20412


class AbsolutePagingError(RequestError):
    """A page was asked for by number alone."""

    code = 40153


class TooLongAgoError(RequestError):
    """Statistics are requested for a time before the kept events."""

    code = 14241


class UnavailableError(RequestError):
    """Not right now: the database is locked, full or read-only, or too many large requests are under way."""

    code = 20503


class LockedNowError(UnavailableError):
    """Another process writes; nothing was done, and the same may be tried again in a moment."""


class UnauthorizedError(RequestError):
    """The credentials are missing or wrong."""

    code = 20003


class AccessTokenError(RequestError):
    """The access token of a worker's page is missing, wrong or expired; TaskRouter has a code for each."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ForbiddenError(RequestError):
    """The access token is valid, but not for this."""

    code = 20403


class MethodNotAllowedError(RequestError):
    """The resource exists, but not for this method."""

    code = 20004


class BodyTooLargeError(RequestError):
    """The request body is larger than anything TaskRouter takes."""


class SlowBodyError(RequestError):
    """The request body did not arrive in time."""
