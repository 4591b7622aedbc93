"""TaskRouter's resources over its API: read, created, changed, deleted; errors as in ``tr_apply.errors``."""

from tr_apply.client.answers import Seen
from tr_apply.client.client import Client
from tr_apply.client.runtime import Listed, Runtime

__all__ = ["Client", "Listed", "Runtime", "Seen"]
