"""The event bridge: the server of Twilio's worker SDK, ``twilio-taskrouter``, in Node and in a browser.

A worker's page keeps a WebSocket open for events, and sends its requests as ``POST`` to the same path.
"""
