"""The version, as a constant: importlib.metadata alone would cost a third of ``tr-apply --help``."""

__version__ = "0.2.0"
