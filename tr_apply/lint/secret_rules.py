"""A rule on URLs that hold a secret which anybody who sees a plan can read."""

from typing import Final
from urllib.parse import SplitResult, parse_qsl

from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.rule import Remarks, document_rule
from tr_apply.lint.url_rules import parts_of, urls
from tr_apply.resources import WORKFLOW
from tr_apply.resources.field_path import lies_in

_SECRET_WORDS: Final = frozenset(
    {"token", "secret", "password", "passwd", "pwd", "apikey", "api_key", "api-key", "key", "auth", "signature", "sig"}
)


@document_rule("secret-in-url", Severity.WARNING, "A callback holds a password or a token that plans show.")
def secret_in_url(declarations: Declarations) -> Remarks:
    """A password before the host, or a parameter that is called as secrets are."""
    for path, url in urls(declarations):
        parts = parts_of(url)
        if parts is None or _is_hidden(declarations, path):
            continue
        if (what := _secret_in(parts)) is not None:
            hint = "pass it as a variable of the environment, TR_SECRET_NAME, or declare that variable `secret: true`"
            yield Spot(path), f"the URL holds {what}, which plans and messages show: {hint}"


def _secret_in(parts: SplitResult) -> str | None:
    """What in a URL is a secret, without its value."""
    if parts.password:
        return "a password"
    for name, value in parse_qsl(parts.query):
        if value and {name.casefold(), name.casefold().rpartition("_")[2]} & _SECRET_WORDS:
            return f"the parameter `{name}`"
    return None


def _is_hidden(declarations: Declarations, path: KeyPath) -> bool:
    document, section, field = declarations.document, str(path[0]), str(path[-1])
    name = document.workflows[int(path[1])].name if section == WORKFLOW.section else document.workspace.name
    return any(lies_in(field, pattern) for pattern in document.sensitive(section, name))
