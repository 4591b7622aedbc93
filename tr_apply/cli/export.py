"""``tr-apply export``: a live workspace as YAML that plans empty."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.options import CommonOptions, NamedPath, common_options, target_options
from tr_apply.cli.output import Output
from tr_apply.cli.overwriting import require_own_exports
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.export import exported_text, with_digest
from tr_apply.resources.template import plain
from tr_apply.resources.yaml_text import Sections
from tr_apply.whole_file import write_file

_FORGET: Final = (
    "Danger: removing the code from Terraform before it has forgotten the workspace deletes the workspace. When "
    "`tr-apply plan` shows no changes, let Terraform forget it first:"
)


@click.command("export")
@click.argument("workspace", metavar="[NAME|SID]", required=False)
@click.option("--from-terraform", "state_file", metavar="FILE", type=NamedPath(),
              help="Read the workspace from what `terraform show -json` printed to FILE.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Write over files other than an unchanged export of this workspace.")
@target_options
@common_options("yaml")
def export_command(
    workspace: str | None, *, state_file: Path | None, overwrite: bool, target: TargetOptions, common: CommonOptions
) -> int:
    """Write a live workspace as YAML that plans empty.

    With --output FOLDER/ (or a folder that exists) there is one file a kind. The first line holds a digest of the rest:
    a file that was edited since is not written over. With --from-terraform nothing live is read; a NAME is needed only
    if the state holds several workspaces, or not the workspace itself.

    \b
        tr-apply export "Support Center" > workspace.yaml
        tr-apply export WS0123456789abcdef0123456789abcdef --output support-center/
        tr-apply export --from-terraform state.json --output workspace.yaml
    """
    output = common.output("export")
    if state_file is not None:
        return _from_terraform(state_file, workspace, output, common, overwrite=overwrite)
    if workspace is None:
        raise UsageError("Missing argument 'NAME|SID', or --from-terraform FILE.\nTry 'tr-apply export --help'.")
    sections = answer_of(lambda router: router.sections(workspace), Access(target=target, **asking(common)))
    _write(sections, exported_text, output, common, overwrite=overwrite)
    return 0


def _from_terraform(
    file: Path, workspace: str | None, output: Output, common: CommonOptions, *, overwrite: bool
) -> int:
    from tr_apply.terraform import terraform_export  # noqa: PLC0415  # seldom needed

    if not file.is_file():
        raise UsageError(f"--from-terraform {file}: there is no such file")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrApplyError(f"{file} cannot be read as text: {error}") from error
    found = terraform_export(text, str(file), workspace)
    _write(found.sections, lambda sections: with_digest(found.text(sections)), output, common, overwrite=overwrite)
    for each in found.notes:
        output.say(f"note: {each}")
    if found.removals:
        output.say(_FORGET)
        output.say("".join(f"  {each}\n" for each in found.removals).rstrip("\n"))
    return 0


def _write(
    sections: Sections, text_of: Callable[[Sections], str], output: Output, common: CommonOptions, *, overwrite: bool
) -> None:
    if output.file is not None and (output.file.is_dir() or (common.output_file or "").endswith("/")):
        _write_folder(sections, text_of, output.file, output, overwrite=overwrite)
        return
    if output.file is not None and not overwrite:
        require_own_exports([output.file], _name_in(sections))
    output.result(text_of(sections))


def _name_in(sections: Sections) -> str:
    return plain(sections["workspace"]["name"])


def _write_folder(
    sections: Sections, text_of: Callable[[Sections], str], folder: Path, output: Output, *, overwrite: bool
) -> None:
    """Write one file per section. Refuses a folder with other files, as they would be read as well."""
    others = [path for path in folder.glob("*.y*ml") if path.stem not in sections]
    if others:
        listed = ", ".join(sorted(path.name for path in others))
        raise TrApplyError(
            f"{folder} holds other configuration, which would be read as well: {listed}; choose another folder"
        )
    files = {folder / f"{name}.yaml": {name: value} for name, value in sections.items()}
    if not overwrite:
        require_own_exports(files, _name_in(sections), folder)
    for path, section in files.items():
        write_file(path, text_of(section))
        output.say(f"wrote {path}")
