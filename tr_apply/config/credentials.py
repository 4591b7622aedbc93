"""The environment variables that ``workspace.credentials`` may name: the file is untrusted, the environment is not."""

from collections.abc import Collection, Mapping
from typing import Final

from tr_apply.config.notes import Notes
from tr_apply.findings import Rule, Severity
from tr_apply.resources.document import Document

CREDENTIALS_VARIABLE: Final = Rule(
    "credentials-variable", Severity.ERROR, "`credentials` names an environment variable that it may not name."
)

ALLOWED_VARIABLE: Final = "TR_APPLY_CREDENTIALS_ENV"
_PREFIXES: Final = ("TWILIO_", "TR_APPLY_")
_SORTS: Final[Mapping[str, str]] = {
    "account_sid_env": "SID",
    "auth_token_env": "TOKEN",
    "api_key_env": "KEY",
    "api_secret_env": "SECRET",
    "region_env": "REGION",
}


def allowed_variables(given: Collection[str], environment: Mapping[str, str]) -> frozenset[str]:
    """The names that the caller allows: *given* as options, and those in the environment."""
    listed = environment.get(ALLOWED_VARIABLE, "").split(",")
    return frozenset(each.strip() for each in (*given, *listed) if each.strip())


def credentials_problems(document: Document, allowed: Collection[str]) -> Mapping[str, str]:
    """Why each key of ``credentials`` may not name its variable; none for those that may.

    Any other secret of a job could be sent to the server as a password, or be shown as an account.
    """
    found = {}
    credentials = document.workspace.credentials
    for field, sort in _SORTS.items() if credentials is not None else ():
        name = getattr(credentials, field)
        if name is None or name in allowed or (name.startswith(_PREFIXES) and sort in name):
            continue
        found[field] = (
            f"`{field}` may name a variable that begins with {' or '.join(_PREFIXES)} and contains {sort}; rename "
            f"{name}, or allow it from outside the file: --allow-credentials-env {name} ({ALLOWED_VARIABLE}={name})"
        )
    return found


def note_credentials(problems: Mapping[str, str], notes: Notes) -> None:
    """Note each of the *problems* of ``credentials`` at its place."""
    for field, message in problems.items():
        notes.add(CREDENTIALS_VARIABLE, message, ("workspace", "credentials", field))
