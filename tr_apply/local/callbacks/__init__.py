"""Calls to an application after something has happened: assignment and event callbacks.

Nothing here is on the way of routing: it begins when the transaction is kept, and its failures change nothing there.

sending         what a callback is sent with, by whom, and what comes back
hosts           where callbacks may go
signature       X-Twilio-Signature
destinations    which URLs a workspace and its workflows name
assignments     one call for each reservation, and the instruction that comes back
deliveries      events, in order, to whoever asked for them
dispatcher      passes on what has happened to those two
"""
