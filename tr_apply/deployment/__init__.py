"""A plan and the TaskRouter that it is for: read, plan, apply, prove."""

from tr_apply.deployment.configured import Applied, Deployment

__all__ = ["Applied", "Deployment"]
