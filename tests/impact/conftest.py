"""The judge of the decision procedure, for changes of workflows as well."""

from tests.routing.satisfy.conftest import grid_of, largest

__all__ = ["grid_of", "largest"]
