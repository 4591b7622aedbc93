"""What the action says on a pull request, and what it reads there. Python's standard library is all it needs.

::

    pull_request.py comment REPORT [PLAN_ID...]    puts the file REPORT on the pull request of this run
    pull_request.py reviewed                       prints the plan ids of the one whose merge started this run

There is one comment for each name (``TR_ACTION_NAME``), which is updated in place. Its first two lines are ours: who it
is for, and the ids of the plans. Below stands what files say, which is not ours, and which is not read back.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

_TIMEOUT_S = 30
_PAGE = 100  # items; GitHub's own limit
_LONGEST = 65_000  # characters; GitHub refuses comments of more than 65,536
_IDS = re.compile(r"<!-- tr-apply-plans:((?: [0-9a-f]{64})*) -->")


class PullRequestError(Exception):
    """Why it could not be done, in words for the log."""


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the token elsewhere."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Follow none of them."""


class GitHub:
    """The part of GitHub's REST API that is needed, for one repository."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        api = environment.get("GITHUB_API_URL") or "https://api.github.com"
        self._base = f"{api.rstrip('/')}/repos/{environment['GITHUB_REPOSITORY']}"
        self._token = environment.get("TR_ACTION_TOKEN", "")
        self._opener = build_opener(_NoRedirects)

    def send(self, method: str, path: str, value: Any = None) -> Any:
        """The answer to one request.

        Raises:
            PullRequestError: when there is none, or not the one that was wanted.
        """
        body = None if value is None else json.dumps(value).encode()
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self._token}"}
        request = Request(self._base + path, body, headers, method=method)  # noqa: S310  # GitHub says which URL it is
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise PullRequestError(f"GitHub answered {error.code} to {method} {path}") from error
        except (URLError, OSError, ValueError) as error:
            raise PullRequestError(f"{method} {path}: {error}") from error

    def items(self, path: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        number = 1
        while True:
            page = self.send("GET", f"{path}?per_page={_PAGE}&page={number}")
            yield from page
            if len(page) < _PAGE:
                return
            number += 1


def comment(github: GitHub, environment: Mapping[str, str], report: Path, plan_ids: list[str]) -> None:
    """Write the comment, or write it anew; do nothing where the run has no pull request."""
    event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    if number is None:
        return
    text = report.read_text(encoding="utf-8", errors="replace")
    body = f"{_marker(environment)}\n<!-- tr-apply-plans:{''.join(f' {each}' for each in plan_ids)} -->\n\n{text}"
    found = _comments(github, environment, number)
    if found:
        github.send("PATCH", f"/issues/comments/{found[-1]['id']}", {"body": body[:_LONGEST]})
    else:
        github.send("POST", f"/issues/{number}/comments", {"body": body[:_LONGEST]})


def reviewed(github: GitHub, environment: Mapping[str, str]) -> list[str]:
    """The plan ids that stand in the comment on the pull request that was merged.

    Raises:
        PullRequestError: when there is no such pull request, no such comment, or no plan in it.
    """
    commit = environment["GITHUB_SHA"]
    merged = [each for each in github.items(f"/commits/{commit}/pulls") if each.get("merged_at")]
    exact = [each for each in merged if each.get("merge_commit_sha") == commit]
    if not (exact or merged):
        raise PullRequestError(f"no merged pull request belongs to the commit {commit}")
    number = (exact or merged)[-1]["number"]
    found = _comments(github, environment, number)
    ids = _IDS.fullmatch(_lines(found[-1])[1]) if found else None
    if ids is None or not ids[1]:
        raise PullRequestError(f"pull request {number} has no comment with a plan")
    return ids[1].split()


def _comments(github: GitHub, environment: Mapping[str, str], number: int) -> list[Any]:
    """Our own comments; anybody could write one that looks alike."""
    author = environment.get("TR_ACTION_AUTHOR") or "github-actions[bot]"
    return [
        each
        for each in github.items(f"/issues/{number}/comments")
        if (each.get("user") or {}).get("login") == author and _lines(each)[0] == _marker(environment)
    ]


def _lines(found: Any) -> list[str]:
    return [*(found.get("body") or "").splitlines(), "", ""]


def _marker(environment: Mapping[str, str]) -> str:
    return f"<!-- tr-apply: {quote(environment.get('TR_ACTION_NAME', ''), safe=' ')} -->"


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run one of the two; 1 and a line on stderr when it cannot be done."""
    try:
        github = GitHub(environment)
        match arguments:
            case ["comment", report, *plan_ids]:
                comment(github, environment, Path(report), plan_ids)
            case _:
                sys.stdout.write("".join(f"{each}\n" for each in reviewed(github, environment)))
    except PullRequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
