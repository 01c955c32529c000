"""Shows answers with two keys as a grid in a terminal: a heat map, a triangle of cohorts."""

from collections.abc import Sequence

from sparkify.analytics.questions import Row
from sparkify.analytics.table import TextTable

SHADES = " ░▒▓█"  # none, then quarters of the largest value
EVERY, WIDTH = 3, 2  # hours that are written above the map; characters for each hour
COHORTS = 9  # as many fit a terminal of 80 characters


def heat_map(rows: Sequence[Row]) -> tuple[TextTable, str]:
    """Draw rows of (weekday, hour, plays, plays per day), one line for each weekday.

    Returns:
        The map, and what its shades stand for.
    """
    values = {(weekday, hour): per_day or 0 for weekday, hour, _, per_day in rows}
    largest = max(values.values(), default=0)
    weekdays, hours = (list(dict.fromkeys(each)) for each in zip(*values, strict=True))
    lines = [
        [day, "".join(shade(values[day, hour], largest) * WIDTH for hour in hours)]
        for day in weekdays
    ]
    title = "".join(f"{hour:<{EVERY * WIDTH}}" for hour in hours[::EVERY])
    quarters = (f"{SHADES[n] * WIDTH} up to {largest * n / 4:,.1f}" for n in range(1, 5))
    return TextTable(("weekday", title), lines, (False, False)), f"{', '.join(quarters)} a day"


def shade(value: float, largest: float) -> str:
    """Return the character for a value.

    >>> "".join(shade(value, 8) for value in (0, 0.1, 2, 2.1, 8))
    ' ░░▒█'
    """
    return SHADES[-int(-value * 4 // largest)] if largest else SHADES[0]


def triangle(rows: Sequence[Row]) -> tuple[TextTable, str]:
    """Write rows of (cohort, week, listeners, share), one line for each of the latest cohorts.

    Returns:
        The table, and which cohorts are shown if some are not.
    """
    shares: dict[object, dict[int, tuple[int, float]]] = {}
    for cohort, week, listeners, share in rows:
        shares.setdefault(cohort, {})[week] = (listeners, share)
    seen = list(shares)[-COHORTS:]
    weeks = range(max(len(shares[cohort]) for cohort in seen))
    lines = []
    for cohort in seen:
        percent = (f"{shares[cohort][n][1]:.0%}" if n in shares[cohort] else "" for n in weeks)
        lines.append([str(cohort), f"{shares[cohort][0][0]:,}", *percent])
    columns = ("cohort", "listeners", *map(str, weeks))
    part = f"the last {len(seen)} of {len(shares)} weeks" if len(seen) < len(shares) else ""
    return TextTable(columns, lines, (False, *(True for _ in columns[1:]))), part


GRIDS = {"heatmap": heat_map, "cohorts": triangle}
