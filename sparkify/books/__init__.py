"""Reads the books of a warehouse: its status, its loads, and its rejects."""

from sparkify.books.loads import LoadDetails, Loads, read_load, read_loads
from sparkify.books.rejects import Rejects, read_rejects
from sparkify.books.status import Status, read_status

__all__ = [
    "LoadDetails",
    "Loads",
    "Rejects",
    "Status",
    "read_load",
    "read_loads",
    "read_rejects",
    "read_status",
]
