"""Name the version, here alone."""

__version__ = "0.1.0"
