"""A module imports only from layers below its own, so the tree can be read from the bottom up."""

from tests.shape import PACKAGE, modules

LAYERS = {
    "version": -1,
    "printable": -1,
    "json_text": -1,
    "findings": 0,
    "starter": 0,
    "manual": 0,
    "errors": 1,
    "own_folder": 1,
    "synchronous": 1,
    "envelope": 2,
    "whole_file": 2,
    "routing": 2,
    "resources": 3,
    "picture": 4,
    "config": 4,
    "live": 4,
    "corpus": 5,
    "lint": 5,
    "wire": 5,
    "plan": 6,
    "local": 6,
    "rehearsal": 7,
    "impact": 7,
    "simulation": 8,
    "transport": 6,
    "client": 7,
    "journal": 7,
    "reader": 8,
    "apply": 8,
    "difference": 8,
    "export": 8,
    "terraform": 9,
    "rendering": 8,
    "deployment": 9,
    "report": 9,
    "schema": 10,
    "explain": 11,
    "models": 10,
    "api": 12,
    "cli": 13,
    "testing": 13,
    "pytest_plugin": 14,
    "__init__": 14,
    "__main__": 14,
}

# Who may import what costs much or has effects; everybody else goes through them.
ONLY_IN = {
    "httpx": {"transport"},
    "httptools": {"transport", "local"},
    "sqlite3": {"local"},
    "starlette": {"local", "cli"},
    "uvicorn": {"cli", "local"},
    "yaml": {"config", "export", "resources"},
    "deepdiff": {"report"},
    "pytest": {"pytest_plugin"},
    "twilio": {"testing"},
    "click": {"cli", "report", "api"},
}

# The embedded TaskRouter is Twilio's side: it must not share our side's mistakes.
NEVER = {
    "local": {"config", "plan", "wire", "live", "client", "transport", "reader", "apply", "deployment", "resources"},
    "routing": {"resources", "config"},
}


def part_of(module):
    return module.path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = modules()
PARTS = {part_of(module) for module in MODULES}


def own_parts(module):
    """The other parts of the package that a module imports from."""
    names = (f"{source}.{name}".split(".") for source, name in module.imports if source.startswith("tr_apply"))
    return {part for _, part, *_ in names} & PARTS - {part_of(module)}


def libraries(module):
    return {source.split(".")[0] for source, _ in module.imports}


def test_every_part_of_the_package_has_a_layer():
    assert LAYERS.keys() >= PARTS


def test_no_import_is_relative():
    assert [f"{module.name}: {source}" for module in MODULES for source, _ in module.imports if source[0] == "."] == []


def test_a_module_imports_only_from_layers_below():
    too_high = [
        f"{module.name} (layer {LAYERS[part_of(module)]}) imports {part} (layer {LAYERS[part]})"
        for module in MODULES
        for part in own_parts(module)
        if LAYERS[part] >= LAYERS[part_of(module)]
    ]

    assert too_high == []


def test_a_part_never_imports_from_those_that_it_must_not_know():
    known = [
        f"{module.name} imports {part}"
        for module in MODULES
        for part in own_parts(module) & NEVER.get(part_of(module), set())
    ]

    assert known == []


def test_a_library_is_imported_only_where_it_belongs():
    strangers = [
        f"{module.name} imports {library}"
        for module in MODULES
        for library in libraries(module) & ONLY_IN.keys()
        if part_of(module) not in ONLY_IN[library]
    ]

    assert strangers == []
