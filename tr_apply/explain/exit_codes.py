"""What each exit code means."""

from collections.abc import Mapping
from typing import Final

EXIT_CODES: Final[Mapping[str, str]] = {
    "0": "success, or nothing to do",
    "1": "an error: the API, the network, a bug",
    "2": "changes are pending (`plan --detailed-exitcode`)",
    "3": "the configuration is invalid, or routing tests failed",
    "4": "some write was or may have been executed, and not all is as it should be",
    "5": "stale: the workspace is not what the plan was made from",
    "6": "refused for safety",
    "64": "command-line usage",
    "130": "interrupted",
}
