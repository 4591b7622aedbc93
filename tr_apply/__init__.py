"""Configuration as code for Twilio TaskRouter."""

# A constant, because importlib.metadata alone would cost a third of `tr-apply --help`.
__version__ = "0.1.0"
