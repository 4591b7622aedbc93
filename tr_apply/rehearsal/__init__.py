"""A configuration on trial: what would become of tasks, asked of the routing engine without any TaskRouter.

world       a configuration as the engine sees it, with SIDs of its own
question    which task, and who is there
roster      who is available
route       the way of one task, in names instead of SIDs
verdict     a routing test and what came of it
coverage    what no test has reached
trial       all tests of a configuration
"""
