"""What TaskRouter accepts and what yet cannot be meant."""

from tr_apply.config.load import Configuration


def lint(configuration: Configuration) -> None:
    """Note every finding about *configuration* that its structure does not show."""
