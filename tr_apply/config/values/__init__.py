"""Variables: the values of ``${NAME}``, where they come from, and where they end up.

marks          ``${…}`` in a text
declarations   the entries of ``variables``: type, allowed values, secrecy
variables      the value of each variable
substitution   values put into the strings of files
origins        findings about values that are not allowed, or that come from elsewhere than they seem to
flows          the fields that secrets end up in
used           variables of the command line that nothing uses
"""
