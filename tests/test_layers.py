"""A module imports only from layers below its own, so the tree can be read from the bottom up."""

from tests.shape import PACKAGE, modules

LAYERS = {
    "version": -1,
    "printable": -1,
    "json_text": -1,
    "frozen": -1,
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

# The command line comes in by the door: what plans, applies, asks or changes a TaskRouter is a call of tr_apply.api,
# where programs come in, too. From below the door it takes values by name: to make them from options, or to show them.
BELOW_THE_DOOR = {
    "apply", "client", "deployment", "difference", "impact", "journal", "lint", "live", "plan", "reader", "rehearsal",
    "simulation", "transport", "wire",
}  # fmt: skip
VALUES = {
    "tr_apply.apply": {"Progress", "Result", "Status", "Stop"},
    "tr_apply.deployment.applied": {"Applied"},
    "tr_apply.deployment.comparison": {"Compared", "Side"},
    "tr_apply.deployment.deadline": {"Deadline", "OutOfTimeError"},
    "tr_apply.deployment.diagnosis": {"CheckState", "Diagnosis", "undiagnosed"},
    "tr_apply.deployment.record": {"RecordRequest"},
    "tr_apply.deployment.recording": {"KEPT", "HoursRead", "Recorded"},
    "tr_apply.deployment.removal": {"Removal", "removal_document"},
    "tr_apply.deployment.target_options": {"TargetOptions"},
    "tr_apply.deployment.waits": {"Waits"},
    "tr_apply.plan.checks.consent": {"Approval", "Consent"},
    "tr_apply.plan.checks.route_change": {"ALL"},
    "tr_apply.plan.impact": {"Extent"},
    "tr_apply.plan.saved.stale": {"DriftError"},
    "tr_apply.rehearsal.offline_workspace": {"RouteRequest"},
    "tr_apply.rehearsal.results": {"RoutingTestRun", "results_document"},
    "tr_apply.simulation.experiment": {"Experiment", "GateLimit", "GateOption", "Progress"},
    "tr_apply.simulation.request": {"SimulationRequest"},
    "tr_apply.simulation.results": {"SimulationResults"},
    "tr_apply.transport": {"Attempt", "Call", "Observer"},
}
# `serve` is the other side of the wire: it plants a seed in its own TaskRouter, and calls applications.
OF_SERVE = {
    "tr_apply.deployment.seed": {"Seed"},
    "tr_apply.transport": {"Connection"},
    "tr_apply.transport.callback": {"Caller"},
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


def taken_past_the_door(module):
    """The names that a module takes from below the door."""
    for source, name in module.imports:
        if source.startswith("tr_apply") and (*source.split("."), name)[1] in BELOW_THE_DOOR:
            yield source, name


def allowed_past_the_door(module):
    rows = [VALUES, OF_SERVE] if module.name == "tr_apply.cli.serve" else [VALUES]
    return {(source, name) for row in rows for source, names in row.items() for name in names}


COMMANDS = [module for module in MODULES if part_of(module) == "cli"]


def test_the_command_line_decides_nothing_but_comes_in_by_the_door():
    past_it = [
        f"{module.name} takes {name} from {source}"
        for module in COMMANDS
        for source, name in set(taken_past_the_door(module)) - allowed_past_the_door(module)
    ]

    assert past_it == []


def test_each_value_that_may_be_taken_past_the_door_is_taken():
    taken = {each for module in COMMANDS for each in taken_past_the_door(module)}
    allowed = {each for module in COMMANDS for each in allowed_past_the_door(module)}

    assert allowed - taken == set()
