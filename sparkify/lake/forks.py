"""S3 after a fork: obstore's threads do not survive one, and its child must not touch them.

A child that uses or even frees a client of its parent takes connections from the parent's event
loop: the child hangs, and the parent dies.
"""

import os
from typing import TYPE_CHECKING
from weakref import WeakSet

from sparkify.errors import SparkifyError

if TYPE_CHECKING:
    import obstore.store


class Clients:
    """The clients of this process that have threads, and what a child inherited from its parent."""

    def __init__(self) -> None:
        self.holders: WeakSet[Holder] = WeakSet()
        self.inherited: list[obstore.store.S3Store] = []
        self.used = self.forked = False
        os.register_at_fork(after_in_child=self.inherit)

    def inherit(self) -> None:
        """In a child: keep the parent's clients for ever, so that they are never freed."""
        self.inherited += [each.client for each in self.holders]
        self.forked = self.used

    def check(self) -> None:
        """Raise in a child whose parent has used S3."""
        if self.forked:
            raise SparkifyError(
                "S3 was used before this process was forked; use the spawn start method"
                ' (multiprocessing.get_context("spawn")), or start processes first'
            )


class Holder:
    """A client with threads; a fork finds it here."""

    def __init__(self, client: "obstore.store.S3Store") -> None:
        self.client = client
        CLIENTS.holders.add(self)
        CLIENTS.used = True


CLIENTS = Clients()
