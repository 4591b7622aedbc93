"""A plan and the TaskRouter that it is for: read, plan, apply, prove."""

from tr_apply.deployment.applied import Applied
from tr_apply.deployment.configured import Deployment
from tr_apply.deployment.saved import SavedDeployment

__all__ = ["Applied", "Deployment", "SavedDeployment"]
