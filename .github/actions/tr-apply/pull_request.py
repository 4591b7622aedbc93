"""Comments of the action on a pull request, and artifacts of earlier runs. It needs only Python's standard library.

::

    pull_request.py comment REPORT       puts the file REPORT on the pull request of this run
    pull_request.py reviewed             prints the plan ids that the merged pull request was reviewed with
    pull_request.py begun RUN FOLDER     prints the plan ids that the run RUN began, and unpacks its plans into FOLDER

There is one comment for each name (``TR_ACTION_NAME``), which is updated in place. It is for people: anyone who can
write in the repository can edit it, so nothing is read back from it. Plan ids come from the artifacts of runs of this
workflow, which belong to a commit.
"""

import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener
from zipfile import BadZipFile, ZipFile

_TIMEOUT_S = 30
_PAGE = 100  # items; GitHub's own limit
_LONGEST = 65_000  # characters; GitHub refuses comments of more than 65,536
_REDIRECTS = range(300, 400)
_ID = re.compile(r"[0-9a-f]{64}")
_LARGEST = 100_000_000  # bytes of an artifact


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

    def items(self, path: str, key: str | None = None, **query: str) -> Iterator[Any]:
        """Every item of a list, page by page; *key* names the list where it is a part of the answer."""
        number = 1
        while True:
            page = self.send("GET", f"{path}?{urlencode({**query, 'per_page': _PAGE, 'page': number})}")
            items = page if key is None else page[key]
            yield from items
            if len(items) < _PAGE:
                return
            number += 1

    def archive(self, artifact: int) -> ZipFile:
        """The files of an artifact, which lie elsewhere: the token does not go there.

        Raises:
            PullRequestError: when they cannot be had.
        """
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self._token}"}
        request = Request(f"{self._base}/actions/artifacts/{artifact}/zip", headers=headers)  # noqa: S310
        try:
            self._opener.open(request, timeout=_TIMEOUT_S).close()
        except HTTPError as redirect:
            with redirect:
                place = redirect.headers.get("Location") if redirect.code in _REDIRECTS else None
        except (URLError, OSError) as error:
            raise PullRequestError(f"the artifact {artifact}: {error}") from error
        else:
            place = None
        if place is None:
            raise PullRequestError(f"GitHub does not say where the artifact {artifact} is")
        try:
            with self._opener.open(Request(place), timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return ZipFile(io.BytesIO(answer.read(_LARGEST)))
        except (URLError, OSError, ValueError, BadZipFile) as error:
            raise PullRequestError(f"the artifact {artifact}: {error}") from error


def comment(github: GitHub, environment: Mapping[str, str], report: Path) -> None:
    """Write the comment, or write it anew; do nothing where the run has no pull request."""
    event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    if number is None:
        return
    text = report.read_text(encoding="utf-8", errors="replace")
    body = f"{_marker(environment)}\n\n{text}"
    found = _comments(github, environment, number)
    if found:
        github.send("PATCH", f"/issues/comments/{found[-1]['id']}", {"body": body[:_LONGEST]})
    else:
        github.send("POST", f"/issues/{number}/comments", {"body": body[:_LONGEST]})


def reviewed(github: GitHub, environment: Mapping[str, str]) -> list[str]:
    """The ids of the plans that the merged pull request was reviewed with, from the run for its last commit.

    Raises:
        PullRequestError: when there is no such pull request, no such run, or no plan in it.
    """
    commit = environment["GITHUB_SHA"]
    merged = [each for each in github.items(f"/commits/{commit}/pulls") if each.get("merged_at")]
    exact = [each for each in merged if each.get("merge_commit_sha") == commit]
    if not (exact or merged):
        raise PullRequestError(f"no merged pull request belongs to the commit {commit}")
    pull = (exact or merged)[-1]
    head = pull["head"]["sha"]
    runs = github.items("/actions/runs", "workflow_runs", head_sha=head, event="pull_request", status="success")
    own = [each for each in runs if _is_ours(each, environment) and each.get("head_sha") == head]
    if not own:
        raise PullRequestError(f"no successful run of this workflow has planned the commit {head}")
    run = max(own, key=lambda each: each["id"])
    with _artifact(github, run["id"], f"tr-apply-plan-{_name(environment)}") as archive:
        return _plan_ids(archive, "plan.json")


def begun(github: GitHub, environment: Mapping[str, str], run_id: str, folder: Path) -> list[str]:
    """The ids of the plans that the run *run_id* of this commit began; what it kept of them goes into *folder*.

    Raises:
        PullRequestError: when it was a run of another workflow or commit, or left no plan.
    """
    if not run_id.isascii() or not run_id.isdigit():
        raise PullRequestError(f"{run_id!r} is not the number of a run")
    run = github.send("GET", f"/actions/runs/{run_id}")
    if not _is_ours(run, environment) or run.get("head_sha") != environment["GITHUB_SHA"]:
        raise PullRequestError(
            f"the run {run_id} is not one of this workflow for the commit {environment['GITHUB_SHA']}"
        )
    with _artifact(github, run["id"], f"tr-apply-apply-{_name(environment)}") as archive:
        ids = [each for each in _text(archive, "plan-ids").split() if _ID.fullmatch(each)]
        folder.mkdir(parents=True, exist_ok=True)
        for each in ids:
            if f"begun/{each}.json" in archive.namelist():
                (folder / f"{each}.json").write_text(_text(archive, f"begun/{each}.json"), encoding="utf-8")
    return ids


def _is_ours(run: Any, environment: Mapping[str, str]) -> bool:
    """Whether *run* is one of this very workflow file in this very repository, and not in a fork."""
    workflow = environment["GITHUB_WORKFLOW_REF"].partition("@")[0].removeprefix(f"{environment['GITHUB_REPOSITORY']}/")
    repository = (run.get("head_repository") or {}).get("full_name")
    return run.get("path", "").partition("@")[0] == workflow and repository == environment["GITHUB_REPOSITORY"]


def _artifact(github: GitHub, run_id: int, name: str) -> ZipFile:
    found = [each for each in github.items(f"/actions/runs/{run_id}/artifacts", "artifacts") if each["name"] == name]
    if not found:
        raise PullRequestError(f"the run {run_id} has left no artifact {name!r}")
    return github.archive(max(each["id"] for each in found))


def _plan_ids(archive: ZipFile, file: str) -> list[str]:
    try:
        ids = [str(each["plan_id"]) for each in json.loads(_text(archive, file))["plans"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PullRequestError(f"{file} of the artifact is not a saved plan") from error
    if not ids or not all(map(_ID.fullmatch, ids)):
        raise PullRequestError(f"{file} of the artifact holds no plan")
    return ids


def _text(archive: ZipFile, file: str) -> str:
    try:
        return archive.read(file).decode()
    except (KeyError, ValueError, BadZipFile) as error:
        raise PullRequestError(f"the artifact holds no {file} that can be read") from error


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


def _name(environment: Mapping[str, str]) -> str:
    """The suffix that distinguishes the artifacts of this plan; an artifact's name allows few characters."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", environment.get("TR_ACTION_NAME", ""))


def _marker(environment: Mapping[str, str]) -> str:
    return f"<!-- tr-apply: {quote(environment.get('TR_ACTION_NAME', ''), safe=' ')} -->"


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run one of the three; 1 and a line on stderr when it cannot be done."""
    ids: list[str] = []
    try:
        github = GitHub(environment)
        match arguments:
            case ["comment", report]:
                comment(github, environment, Path(report))
            case ["begun", run_id, folder]:
                ids = begun(github, environment, run_id, Path(folder))
            case _:
                ids = reviewed(github, environment)
    except PullRequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{each}\n" for each in ids))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
