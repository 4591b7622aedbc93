"""The decision procedure needs the language alone, and has one door."""

from tests.shape import modules

SATISFY = "tr_apply.routing.satisfy"
INSIDE = [module for module in modules() if module.name.startswith(SATISFY)]


def sources(module):
    return {source for source, _ in module.imports}


def test_nothing_of_tr_apply_is_below_it_but_routing():
    own = {source for module in INSIDE for source in sources(module) if source.startswith("tr_apply")}

    assert len(INSIDE) > 10
    assert all(source.startswith("tr_apply.routing.") for source in own)


def test_it_needs_no_library():
    from_elsewhere = {source.split(".")[0] for module in INSIDE for source in sources(module)} - {"tr_apply"}

    assert from_elsewhere <= {
        *("collections", "dataclasses", "decimal", "fractions", "itertools", "math", "string", "typing"),
    }


def test_everybody_else_goes_through_the_door():
    outside = [module for module in modules() if module not in INSIDE and f"{SATISFY}." in module.text]

    assert not [module.name for module in outside if any(each.startswith(f"{SATISFY}.") for each in sources(module))]
