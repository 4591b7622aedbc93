"""``tr-apply schema``: the file formats, for editors and programs."""

import click

from tr_apply.cli.options import CommonOptions, common_options
from tr_apply.schema import NAMES, schema_text


@click.command("schema")
@click.argument("name", metavar=f"[{'|'.join(NAMES)}]", type=click.Choice(NAMES), default=NAMES[0])
@common_options("json")
def schema_command(name: str, *, common: CommonOptions) -> None:
    """Print the JSON Schema of a file format: of a configuration, unless another is named.

    \b
        tr-apply schema > workspace.schema.json
        tr-apply schema tests --output routing-tests.schema.json
    """
    common.output("schema").result(schema_text(name))
