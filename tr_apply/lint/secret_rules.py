"""A rule on URLs that hold a secret which anybody who sees the file can read."""

from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.rule import Remarks, document_rule
from tr_apply.lint.url_rules import urls
from tr_apply.resources import WORKFLOW
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.url import secret_in


@document_rule("secret-in-url", Severity.WARNING, "A callback holds a password or a token in clear.")
def secret_in_url(declarations: Declarations) -> Remarks:
    """A password before the host, or a parameter that is called as secrets are."""
    for path, url in urls(declarations):
        if not _is_hidden(declarations, path) and (what := secret_in(url)) is not None:
            hint = "pass it as a variable of the environment, TR_SECRET_NAME, or declare that variable `secret: true`"
            yield Spot(path), f"the URL holds {what}, which everybody who sees this file can read: {hint}"


def _is_hidden(declarations: Declarations, path: KeyPath) -> bool:
    document, section, field = declarations.document, str(path[0]), str(path[-1])
    name = document.workflows[int(path[1])].name if section == WORKFLOW.section else document.workspace.name
    return any(lies_in(field, pattern) for pattern in document.sensitive(section, name))
