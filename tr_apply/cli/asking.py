"""Asks a person who sits at the terminal."""

import sys

import click

from tr_apply.errors import InterruptedRunError


def answered(question: str, *, or_else: str) -> str:
    """What is typed in answer to *question*; *or_else* says what a person who leaves instead can be sure of.

    Raises:
        InterruptedRunError: when that person leaves with Ctrl-C.
    """
    try:
        click.echo(question, nl=False, err=True)
        return sys.stdin.readline().rstrip("\n")
    except KeyboardInterrupt as error:
        raise InterruptedRunError(f"interrupted; {or_else}") from error
