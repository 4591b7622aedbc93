"""A plan and the TaskRouter that it is for: read, plan, consent, apply, prove; and several of them in one run."""
