"""A few answers of the warehouse in the settings: is the load right, what is listened to?"""

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
    """Print the answers."""
    with analytics.reading() as (warehouse, connection):
        for name in NAMES:
            asked = analytics.question(name)
            print(analytics.answer(warehouse, connection, asked), end="\n\n")  # noqa: T201


if __name__ == "__main__":
    guarded(main)
