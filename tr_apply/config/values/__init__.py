"""Variables: what stands for ``${NAME}``, where it comes from, and where it ends up.

marks          ``${…}`` in a text
declarations   what ``variables`` says of a variable: type, allowed values, secrecy
variables      the value of each variable
substitution   values put into the strings of files
origins        findings about values that are not allowed, or that come from elsewhere than they seem to
flows          the fields that secrets end up in
used           variables of the command line that nothing uses
"""
