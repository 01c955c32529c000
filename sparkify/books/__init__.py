"""Reads the books of a warehouse: its status, and its rejects."""

from sparkify.books.rejects import Rejects, read_rejects
from sparkify.books.status import Status, read_status

__all__ = ["Rejects", "Status", "read_rejects", "read_status"]
