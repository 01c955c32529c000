"""Print a few answers from the warehouse of the settings, to check that a load looks right."""

import sys

from sparkify import analytics
from sparkify.cli.console import guarded

NAMES = (
    "row-counts",
    "plays-by-weekday",
    "top-songs",
    "top-artists-of-women",
    "top-song-of-places",
)


def main() -> None:
    """Print the answers, all from one transaction."""
    with analytics.reading() as (warehouse, connection):
        for name in NAMES:
            question = analytics.question(name)
            print(analytics.answer(warehouse, connection, question), end="\n\n")


if __name__ == "__main__":
    sys.exit(guarded(main))
