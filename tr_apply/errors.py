"""Everything that can go wrong, as one tree; each class knows its exit code.

::

    TrApplyError                exit 1    the root: API, network
    ├── UsageError              exit 64   the command line cannot be understood
    ├── ConfigError             exit 3    the configuration is invalid; carries every finding
    ├── ExpressionSyntaxError   exit 3    a routing expression does not parse; carries the offset
    ├── TargetError             exit 1    no TaskRouter to talk to, or not this way
    ├── ApiError                exit 1    TaskRouter refused a request; carries status and code
    ├── NetworkError            exit 1    no usable answer arrived
    │   └── AnswerLostError     exit 1    the same, and the request may have been carried out
    ├── IncompleteError         exit 4    some write was or may have been executed, and not all is as it should be
    ├── StaleError              exit 5    the workspace is not what the plan was made from
    ├── RefusedError            exit 6    refused for safety, or not approved
    │   └── RouteChangeError    exit 6    more tasks go elsewhere than ``--max-route-change`` allows
    └── InterruptedRunError     exit 130  SIGINT or SIGTERM
"""

from collections.abc import Sequence

from tr_apply.findings import Finding


class TrApplyError(Exception):
    """The root: anything a user should read as a message rather than as a traceback."""

    exit_code = 1
    code = "error"


class UsageError(TrApplyError):
    """The command line cannot be understood."""

    exit_code = 64
    code = "usage"


class ConfigError(TrApplyError):
    """The configuration is invalid; ``diagnostics`` holds every finding of the run, warnings included."""

    exit_code = 3
    code = "invalid-configuration"

    def __init__(self, diagnostics: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(each) for each in diagnostics))
        self.diagnostics = tuple(diagnostics)


class ExpressionSyntaxError(TrApplyError):
    """A routing expression does not parse.

    ``offset`` is the 0-based character offset of the first wrong token; ``message`` explains the mistake and, if it is
    known, the correct text.
    """

    exit_code = 3
    code = "expression-syntax"

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at column {offset + 1})")
        self.message = message
        self.offset = offset


class TargetError(TrApplyError):
    """There is no TaskRouter to talk to, or it may not be talked to this way."""

    code = "no-target"


class ApiError(TrApplyError):
    """TaskRouter answered with a refusal.

    ``api_code`` is the API's own ``code``. An answer may lack it, or the ``request_id``; then the attribute has None.
    """

    code = "api-error"

    def __init__(
        self, message: str, *, status: int, api_code: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.api_code = api_code
        self.request_id = request_id


class NetworkError(TrApplyError):
    """No usable answer arrived, and the request is known not to have been carried out or to be harmless."""

    code = "network"


class AnswerLostError(NetworkError):
    """No usable answer arrived, and a write may have been carried out."""

    code = "answer-lost"


class IncompleteError(TrApplyError):
    """Some write was or may have been executed, and not all is as it should be."""

    exit_code = 4
    code = "incomplete"


class StaleError(TrApplyError):
    """The workspace is not what the plan was made from."""

    exit_code = 5
    code = "stale"


class RefusedError(TrApplyError):
    """Refused for safety: deletes without consent, protection, no approval."""

    exit_code = 6
    code = "refused"


class RouteChangeError(RefusedError):
    """More tasks go elsewhere than ``--max-route-change`` allows, or it is not known how many do."""

    code = "route-change"


class InterruptedRunError(TrApplyError):
    """SIGINT or SIGTERM ended the run."""

    exit_code = 130
    code = "interrupted"
