"""The version, written once: the metadata, `--version` and the books take it from here."""

__version__ = "0.1.0"
