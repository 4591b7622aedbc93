"""Calls to an application after something has happened: assignment and event callbacks.

Callbacks are separate from routing: they begin after the transaction is committed, and a failed one changes nothing.

sending         the headers, the sender and the answer of a callback
hosts           the hosts that callbacks may go to
signature       X-Twilio-Signature
destinations    the URLs of a workspace and its workflows
assignments     one call for each reservation, and the instruction in its answer
deliveries      events, in order, to everyone who subscribed
dispatcher      passes each change on to the previous two
"""
