"""Holds Sparkify's speed and memory against its budgets; see `scripts/bench --help`."""

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from chart import chart
from lakes import HERE, Workshop
from measure import Figure, in_turn
from others import ledger, parts, rows, s3, statements
from runs import (
    another_day,
    by_hand,
    dirt,
    first_load,
    nothing_new,
    ratio,
    ten_times,
    version,
    whole_run,
)

BUDGETS = {
    "whole": whole_run,
    "noop": nothing_new,
    "version": version,
    "day": another_day,
    "dirt": dirt,
    "s3": s3,
    "parts": parts,
    "statements": statements,
    "ledger": ledger,
    "rows": rows,
    "ten": ten_times,
}
PEERS = {path.stem.partition("_")[0]: path for path in sorted(HERE.glob("peers/*_*.py"))}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="event records of the lake")
    parser.add_argument("--songs", type=int, default=15_000, help="its song objects")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run, in turn")
    parser.add_argument("--only", nargs="+", choices=BUDGETS, default=[], help="these budgets")
    parser.add_argument("--skip", nargs="+", choices=BUDGETS, default=[], help="not these")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=[], help="time these beside")
    parser.add_argument("--folder", type=Path, help="keep lakes and warehouses there")
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--plot", type=Path, help="write the figures there, as HTML")
    return parser.parse_args()


def peers(shop: Workshop, chosen: list[str]) -> Iterator[Figure]:
    """Sparkify and other tools at the same job, once each: some take minutes."""
    if not chosen:
        return
    contenders = [first_load(shop, shop.main, "ours")]
    contenders += (by_hand(shop, PEERS[name]) for name in chosen)
    ours, *theirs = in_turn(contenders, 1)
    for name, cost in zip(chosen, theirs, strict=True):
        what = f"of {name}, which takes {cost.peak:,.0f} MiB; Sparkify {ours.peak:,.0f}"
        yield ratio(f"the whole run and {name}", ours, cost, 1, what)


def line(figure: Figure) -> str:
    """A figure as a line of the table."""
    verdict = "holds" if figure.holds else "FALLS SHORT"
    measured = f"{figure.value:>9,.2f} of {figure.limit:,.2f} {figure.unit}"
    return f"{figure.budget:<32}{measured:<28}{verdict:<13}{figure.how}"


def main() -> None:
    """Measure, print, and say which budgets fall short."""
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        shop = Workshop(folder.resolve(), given.events, given.songs, given.rounds)
        chosen = [name for name in given.only or BUDGETS if name not in given.skip]
        figures: list[Figure] = []
        measured = [*(BUDGETS[name](shop) for name in chosen), peers(shop, given.peers)]
        for figure in itertools.chain(*measured):
            figures.append(figure)
            if not given.json:
                print(line(figure), flush=True)
    short = [figure.budget for figure in figures if not figure.holds]
    if given.json:
        print(json.dumps([{**asdict(figure), "holds": figure.holds} for figure in figures]))
    else:
        print(f"falls short: {', '.join(short)}" if short else "every budget measured holds")
    if given.plot:
        given.plot.write_text(chart(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
