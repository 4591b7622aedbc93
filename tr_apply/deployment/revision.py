"""The files of a repository as they were at a revision of git, without touching the repository."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tr_apply.config.files import STANDARD_INPUT
from tr_apply.config.load import Configuration, Inputs, load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Member
from tr_apply.errors import ConfigError, UsageError
from tr_apply.plan.matching.declared_before import DeclaredBefore
from tr_apply.plan.saved.origin import Origins, origins

_TIMEOUT_S = 120
_NO_REPOSITORY = "not a git repository (or any "  # a broken one is "not a git repository: " and its path
_ENGLISH = {"LC_ALL": "C", "LANGUAGE": "C"}
_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # set where a hook calls us


@dataclass(slots=True)
class Revision:
    """A revision, with a copy of the files of each repository that was asked for.

    Attributes:
        ref: What the user called it.
    """

    ref: str
    _stack: ExitStack = field(repr=False)
    _trees: dict[Path, Path] = field(default_factory=dict)

    def path(self, path: Path) -> Path | None:
        """The path of *path* in the revision; None if it did not exist. A file outside any repository keeps its path.

        Raises:
            UsageError: git does not know the revision.
        """
        absolute = path.resolve()
        root = _root(absolute)
        if root is None:
            return path
        if root not in self._trees:
            self._trees[root] = _tree(root, self.ref, Path(self._stack.enter_context(_folder())))
        found = self._trees[root] / absolute.relative_to(root)
        return found if found.exists() else None

    def configuration(self, path: Path, inputs: Inputs) -> Configuration | None:
        """The configuration at *path* as it was, with overlays and variables as they were; None if it was not there.

        Raises:
            ConfigError: when it cannot be used.
        """
        if path == STANDARD_INPUT:
            raise UsageError("--base-ref: what comes from standard input has no former revision")
        if (then := self.path(path)) is None:
            return None
        inputs_then = inputs._replace(
            overlays=self._paths(inputs.overlays),
            variable_files=self._paths(inputs.variable_files),
            root=None if inputs.root is None else self.path(inputs.root) or inputs.root,
        )
        configuration = load(then, inputs_then)
        configuration.require_valid()
        return configuration

    def _paths(self, paths: Sequence[Path]) -> tuple[Path, ...]:
        return tuple(found for path in paths if (found := self.path(path)) is not None)


@contextmanager
def revision(ref: str) -> Iterator[Revision]:
    """The revision *ref*; its copies are gone afterwards."""
    with ExitStack() as stack:
        yield Revision(ref, stack)


def _folder() -> AbstractContextManager[str]:
    from tempfile import TemporaryDirectory  # noqa: PLC0415  # imports every kind of compression

    return TemporaryDirectory(prefix="tr-apply-")


def _root(path: Path) -> Path | None:
    """The repository of *path*, which is absolute; None if it is not in one.

    Raises:
        UsageError: git reports another error, such as a repository with another owner.
    """
    done = _git(path if path.is_dir() else path.parent, "rev-parse", "--show-toplevel")
    if done.returncode != 0 and _NO_REPOSITORY in done.stderr:
        return None
    _done(done)
    return Path(done.stdout.removesuffix("\n"))


def _tree(root: Path, ref: str, folder: Path) -> Path:
    """The files of the repository *root* as they were, in a new folder below *folder*."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{tree}}")
    if found.returncode != 0:
        raise UsageError(
            f"--base-ref {ref}: git knows no such revision in {root}; a shallow clone may have to be deepened first "
            "(fetch-depth: 0)"
        )
    tree = folder / "tree"
    index = {"GIT_INDEX_FILE": str(folder / "index")}
    _done(_git(root, "read-tree", found.stdout.strip(), **index))
    _done(_git(root, "checkout-index", "--all", f"--prefix={tree}{os.sep}", **index))
    return tree


def _done(result: subprocess.CompletedProcess[str]) -> None:
    if result.returncode != 0:
        raise UsageError(f"--base-ref: git failed: {result.stderr.strip()}")


def _git(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER}
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(  # noqa: S603  # git; no argument can be read as an option
            command,
            env={**environment, **_ENGLISH, **more},
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError as error:
        raise UsageError("--base-ref needs git, which is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"--base-ref: git has not answered within {_TIMEOUT_S} s") from error


def usable_then(revision_: Revision, path: Path, inputs: Inputs) -> tuple[Configuration | None, str]:
    """The configuration as it was; where there is none, why."""
    if path != STANDARD_INPUT and _root(path.resolve()) is None:
        return None, f"{path} is not in a git repository"
    try:
        found = revision_.configuration(path, inputs)
    except ConfigError as error:
        found_there = "1 finding" if len(error.diagnostics) == 1 else f"{len(error.diagnostics)} findings"
        return None, f"the configuration at {revision_.ref} cannot be used ({found_there})"
    return found, "" if found is not None else f"{path} was not there at {revision_.ref}"


def compare_with(
    members: Sequence[Member], paths: Sequence[Path], ref: str, inputs: Inputs, *, with_origins: bool
) -> None:
    """Note in *members* what their configurations at *paths* declared at the revision *ref*.

    Plans then say of each delete whether that configuration declared the resource, and *with_origins* of each change
    where it comes from.

    Raises:
        UsageError: when git does not know the revision.
    """
    with revision(ref) as former:
        for member, path in zip(members, paths, strict=True):
            member.then, problem = usable_then(former, path, inputs)
            if isinstance(member.source, Configured):
                document = None if member.then is None else member.then.document
                member.source = replace(member.source, before=DeclaredBefore(ref, document, problem))
            if with_origins:
                member.origins = Origins.unknown(ref, problem if isinstance(member.source, Configured) else "")


async def find_origins(member: Member) -> None:
    """Distinguish the changes of the configuration of *member* from those that were made outside.

    Raises:
        ApiError, NetworkError: The workspace cannot be read.
    """
    if member.origins is not None and member.then is not None:
        member.origins = await _origins(member.made_deployment, member.then, member.origins.base_ref)


async def _origins(deployment: Deployment, then: Configuration, ref: str) -> Origins:
    plan, snapshot = deployment.planned, deployment.snapshot
    if plan is None or snapshot is None or plan.target.workspace_sid is None:
        return Origins.unknown(ref, "the workspace is new")
    try:
        applied, _ = await Configured(then).plan_for(deployment.client, snapshot.workspace)
    except ConfigError:
        return Origins.unknown(ref, f"the configuration at {ref} no longer fits the workspace")
    return origins(plan, applied, ref)
