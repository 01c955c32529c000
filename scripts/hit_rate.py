"""Measure what the recommendations are worth, on all listeners of the settings' warehouse.

`sparkify.analytics.worth` says how. `sparkify recommend` measures a sample of the listeners.
"""

import sys

from sparkify import analytics
from sparkify.analytics.questions.recommendation import ITEMS
from sparkify.analytics.worth import measure, shown
from sparkify.cli.console import guarded

FIRST = (5, 10, 20, 50)


def main() -> None:
    """Print the hit rates with their intervals."""
    with analytics.reading() as (warehouse, connection):
        for kind in ITEMS:
            found = measure(warehouse, connection, kind, FIRST, sample=None)
            print(f"{kind}: {found[0].listeners:,} listeners")
            for each in found:
                rates = (shown(hits, each.listeners) for hits in (each.hits, each.popular))
                alike, popular = rates
                print(f"  first {each.first}: recommended {alike}, most popular {popular}")


if __name__ == "__main__":
    sys.exit(guarded(main))
