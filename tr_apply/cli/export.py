"""``tr-apply export``: a live workspace as YAML that plans empty."""

from pathlib import Path

import click

from tr_apply.cli.bounded import run
from tr_apply.cli.options import CommonOptions, common_options, target_options
from tr_apply.cli.output import Output, write_file
from tr_apply.cli.overwriting import require_own_exports
from tr_apply.cli.targets import open_client
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import TrApplyError
from tr_apply.export import exported_text, sections_of
from tr_apply.live import Snapshot
from tr_apply.reader import named_workspace, read_everything
from tr_apply.resources.template import plain
from tr_apply.resources.yaml_text import Sections


@click.command("export")
@click.argument("workspace", metavar="NAME|SID")
@click.option("--overwrite", is_flag=True, help="Write over files that are no unchanged export of this workspace.")
@target_options
@common_options("yaml")
def export_command(workspace: str, *, overwrite: bool, target: TargetOptions, common: CommonOptions) -> int:
    """Write a live workspace as YAML that plans empty.

    With --output FOLDER/ (or a folder that exists) there is one file a kind. The first line holds a digest of the rest:
    a file that was edited since is not written over.

    \b
        tr-apply export "Support Center" > workspace.yaml
        tr-apply export WS0123456789abcdef0123456789abcdef --output support-center/
    """
    output = common.output("export")
    snapshot = run(_read(workspace, target, output), timeout_s=common.timeout)
    sections = sections_of(snapshot)
    if (
        common.output_file is not None
        and output.file is not None
        and (output.file.is_dir() or common.output_file.endswith("/"))
    ):
        _write_folder(sections, output.file, output, overwrite=overwrite)
    else:
        if output.file is not None and not overwrite:
            require_own_exports([output.file], _name_in(sections))
        output.result(exported_text(sections))
    return 0


def _name_in(sections: Sections) -> str:
    return plain(sections["workspace"]["name"])


async def _read(name: str, target: TargetOptions, output: Output) -> Snapshot:
    async with open_client(target, verbose=output.verbose) as client:
        workspace = await named_workspace(client, name)
        return await read_everything(client, workspace)


def _write_folder(sections: Sections, folder: Path, output: Output, *, overwrite: bool) -> None:
    """One file a section. A file of a kind that has gone is not left behind to be read again."""
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
        write_file(path, exported_text(section))
        output.say(f"wrote {path}")
