"""Variables of the command line that nothing uses: most likely misspelt."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tr_apply.config.files import read_file, regular
from tr_apply.config.load import Inputs, names_tables, read_all, read_tables
from tr_apply.config.places import Sources
from tr_apply.config.reach import reach_of
from tr_apply.config.routing_test_files import files_of_tests
from tr_apply.config.source_file import SourceFile
from tr_apply.config.suggestions import nearest
from tr_apply.config.values.declarations import SECTION as DECLARATIONS
from tr_apply.config.values.marks import variables_in
from tr_apply.findings import Finding, Rule, Severity, Spot, found_by

UNUSED_VARIABLE: Final = Rule("unused-variable", Severity.ERROR, "No configuration uses the variable of a --var.")

_SECTIONS = ("vars", DECLARATIONS)


def unused_variables(paths: Sequence[Path], inputs: Inputs) -> Iterator[Finding]:
    """An error for each ``--var`` that no configuration at one of *paths*, nor its tests and overlays, use or declare.

    If a file cannot be read to its end there are none: the use may be in the unread part.
    """
    files = [file for path in paths for file in _files(path, inputs)] if inputs.given else []
    if not all(file.complete for file in files):
        return
    known = {name for file in files for name in _names(file)}
    for name in inputs.given:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else ""
            yield found_by(UNUSED_VARIABLE, f"--var {name}=…: nothing uses {name}{hint}", Spot())


def _files(path: Path, inputs: Inputs) -> Iterator[SourceFile]:
    sources = Sources()
    read = read_all(path, inputs, sources)
    for file in filter(names_tables, read.content):
        read_tables(file, sources)
    yield from (*read.content, *read.variable_files)
    for test in files_of_tests(path):
        yield read_file(regular(test, reach_of(path, inputs.root)), sources)


def _names(file: SourceFile) -> Iterable[str]:
    for site in file.sites:
        yield from variables_in(site.container[site.key])
    for section in _SECTIONS:
        if isinstance(declared := file.data.get(section), dict):
            yield from declared
