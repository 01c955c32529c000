"""The figures as a page: each budget a bar, its limit a line."""

from collections.abc import Sequence
from html import escape

from measure import Figure

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sparkify's budgets</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
td { padding: .2rem .6rem; white-space: nowrap }
td:nth-child(2) { text-align: right; font-variant-numeric: tabular-nums }
.room { position: relative; width: 22rem; height: 1rem; border-right: 2px solid currentColor }
.bar { height: 100%; background: #2a9d8f } .short .bar { background: #d1495b }
</style><h1>Sparkify's budgets</h1><p>A bar that reaches the line has used its budget up.</p><table>
"""


def chart(figures: Sequence[Figure]) -> str:
    """A self-contained page of HTML."""
    return HEAD + "".join(map(row, figures)) + "</table></html>\n"


def row(figure: Figure) -> str:
    """A figure as a row: its name, its value, and how much of the budget that is."""
    share = min(figure.value / figure.limit, 1.25) * 100
    measured = f"{figure.value:,.2f} of {figure.limit:,.2f} {figure.unit}"
    bar = f'<div class="room"><div class="bar" style="width: {share:.0f}%"></div></div>'
    kind = "" if figure.holds else ' class="short"'
    cells = "".join(f"<td>{escape(text)}</td>" for text in (figure.budget, measured))
    return f"<tr{kind}>{cells}<td>{bar}</td><td>{escape(figure.how)}</td></tr>\n"
