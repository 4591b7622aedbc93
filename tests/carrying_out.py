"""Carries a reviewed plan out and returns the result, however it ended."""

from tr_apply.apply import Stop
from tr_apply.deployment.run import Run
from tr_apply.errors import TrApplyError
from tr_apply.plan.checks.consent import Approval, Consent


async def carried_out(deployment, plan, *, stop=None, rechecks=False):
    try:
        return await deployment.apply(plan, Consent(Approval.REVIEWED), Run(stop=stop or Stop(), rechecks=rechecks))
    except TrApplyError:
        if deployment.applied is None:
            raise
        return deployment.applied
