"""``tr-apply init``: a working starter, which never replaces existing files."""

import shlex
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

import click

from tr_apply.cli.options import CommonOptions, NamedPath, common_options
from tr_apply.cli.pinning import pinned
from tr_apply.config.files import SUFFIXES
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.printable import printable

FOLDER: Final = "taskrouter"

# The files to write, with their sources under tr_apply/starter/.
SAMPLE: Final[Mapping[str, str]] = {
    f"{FOLDER}/workspace.yaml": "workspace.yaml",
    f"{FOLDER}/routing.test.yaml": "routing.test.yaml",
}
CI: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {
        ".github/workflows/tr-apply.yml": "workflow.yml",
        ".github/actions/tr-apply/action.yml": "action/action.yml",
        ".github/actions/tr-apply/install.sh": "action/install.sh",
        ".github/actions/tr-apply/run.sh": "action/run.sh",
        ".github/actions/tr-apply/pull_request.py": "action/pull_request.py",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
}
"""The files that check, plan and apply in CI, by service."""

_GITIGNORE: Final = ".gitignore"
_IGNORED: Final = ".tr-apply/"
SURROUNDINGS: Final[Mapping[str, str]] = {
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    _GITIGNORE: "gitignore",
}
CONTAINER: Final[Mapping[str, str]] = {"Containerfile": "Containerfile"}
_README: Final = "README.md"
SCHEMAS: Final = ("workspace", "tests")
_INSTALLS: Final = {"github": "The workflow installs", "gitlab": "The pipeline installs"}
_REQUIREMENT: Final = "@REQUIREMENT@"
_UNPINNED: Final = "@UNPINNED@"


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=NamedPath(), default=".")
@click.option("--ci", type=click.Choice(list(CI)), default="github", show_default=True,
              help="The service that checks, plans and applies.")  # fmt: skip
@click.option("--container", is_flag=True, help="Also write a Containerfile for the embedded TaskRouter.")
@common_options("text")
def init_command(folder: Path, *, ci: str, container: bool, common: CommonOptions) -> int:
    """Write a working starter: a workspace, its tests, and the files that check and apply them in CI.

    Existing files are kept, and listed. Without DIR, it goes into the current directory.

    \b
        tr-apply init contact-center
        tr-apply init contact-center --ci gitlab --container
    """
    output = common.output("init")
    surroundings = {**CI[ci], **SURROUNDINGS, **(CONTAINER if container else {})}
    _require_folder(folder, surroundings)
    texts = dict(_texts(folder, surroundings)) | {_README: text_of(_README) + text_of(f"{ci}.md")}
    kept = [name for name in texts if _is_there(folder / name)]
    written = [name for name in texts if name not in kept and _write(folder / name, texts[name])]
    output.result("".join(f"{line}\n" for line in _told(folder, written, kept)))
    output.say(f"\n{_INSTALLS[ci]} {pinned().requirement}. {pinned().unpinned}")
    output.say(_next_steps(folder))
    return 0


def _require_folder(folder: Path, surroundings: Mapping[str, str]) -> None:
    """Find out before the first file is written whether any of them could not be.

    Raises:
        UsageError: when DIR cannot be a folder.
        TrApplyError: when a file has the name of a folder that is needed.
    """
    if _is_there(folder) and not folder.is_dir():
        raise UsageError(f"{folder}: this is a file; name a folder, which may be a new one")
    for name in dict.fromkeys(
        str(parent) for each in _names(surroundings) for parent in reversed(PurePosixPath(each).parents)
    ):
        if _is_there(folder / name) and not (folder / name).is_dir():
            raise TrApplyError(f"{folder / name}: a folder is needed here, and this is a file")


def _names(surroundings: Mapping[str, str]) -> Iterator[str]:
    yield from SAMPLE
    yield from (_schema_path(name) for name in SCHEMAS)
    yield from surroundings


def _schema_path(name: str) -> str:
    return f"schemas/{name}.schema.json"


def _texts(folder: Path, surroundings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and text of every file; the sample only where it would not be mixed with a configuration that is there."""
    from tr_apply.schema import schema_text  # noqa: PLC0415

    if not _has_configuration(folder / FOLDER):
        yield from ((path, text_of(source)) for path, source in SAMPLE.items())
    yield from ((_schema_path(name), schema_text(name)) for name in SCHEMAS)
    yield from ((path, text_of(source)) for path, source in surroundings.items())


def _has_configuration(folder: Path) -> bool:
    return folder.is_dir() and any(path.name.endswith(SUFFIXES) for path in folder.rglob("*"))


def text_of(source: str) -> str:
    """A file of the starter, made for this version."""
    template = files("tr_apply") / "starter" / source
    pin = pinned()
    text = template.read_text(encoding="utf-8").replace(_REQUIREMENT, pin.requirement)
    return text.replace(_UNPINNED, pin.unpinned)


def _is_there(path: Path) -> bool:
    """A link to nowhere is there, too."""
    return path.exists() or path.is_symlink()


def _write(path: Path, text: str) -> bool:
    """Write a new file; never overwrites one that was created in the meantime.

    Raises:
        TrApplyError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TrApplyError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _told(folder: Path, written: list[str], kept: list[str]) -> Iterator[str]:
    yield from (f"wrote {printable(str(folder / name))}" for name in written)
    yield from (f"kept {printable(str(folder / name))}, which was there already" for name in kept)
    if not any(name in SAMPLE for name in (*written, *kept)):
        yield f"left {printable(str(folder / FOLDER))} alone, which holds a configuration already"
    if _GITIGNORE in kept and not _ignores_own_folder(folder / _GITIGNORE):
        yield f"add this line to {_GITIGNORE}: {_IGNORED}"


def _ignores_own_folder(path: Path) -> bool:
    try:
        return _IGNORED in path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:  # a link to nowhere, or a folder
        return False


def _next_steps(folder: Path) -> str:
    where = "" if folder == Path() else f"  cd {shlex.quote(printable(str(folder)))}\n"
    return (
        f"\nNext:\n{where}"
        f"  tr-apply validate {FOLDER}\n"
        f"  tr-apply test {FOLDER}\n"
        f"  tr-apply apply --local {FOLDER}    # the embedded TaskRouter, which needs no account\n"
        f"  tr-apply plan {FOLDER}             # Twilio, with TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN set"
    )
