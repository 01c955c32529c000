"""The page: one file with everything that it needs, and a policy that allows nothing else."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path

from markupsafe import Markup

from sparkify.analytics.answers import Answer, Answers, shown
from sparkify.analytics.markup import raw, tag
from sparkify.analytics.page import days
from sparkify.analytics.page.cards import Card
from sparkify.analytics.page.drawing import bundle
from sparkify.analytics.page.entities import entities
from sparkify.analytics.page.names import initials
from sparkify.analytics.page.tables import LABELS, WIDTHS
from sparkify.report import Json

FOLDER = Path(__file__).parent
SCRIPTS = ("values.js", "range.js", "tables.js", "page.js")
TITLE = "What are people listening to?"
#: the groups of the questions, in their order
SECTIONS = {
    "time": "When people listen",
    "people": "Who listens",
    "sessions": "Sessions and subscriptions",
    "music": "What they listen to",
    "catalogue": "The catalogue",
    "overview": "The tables",
    "books": "Loads and rejects",
}
SHORTCUTS = {7: "Last 7 days", 30: "Last 30 days", 0: "All days"}


@dataclass(frozen=True)
class Document:
    """The page of some answers.

    Attributes:
        answers: The answers, with the one of `days.HOURS`.
        names: Whether to show the names of listeners.
    """

    answers: Answers
    names: bool

    def html(self) -> Markup:
        """Return the page."""
        style = (FOLDER / "style.css").read_text("utf-8") + WIDTHS
        own = "\n".join((FOLDER / "scripts" / name).read_text("utf-8") for name in SCRIPTS)
        scripts = [bundle(), f'(() => {{\n"use strict";\n{own}}})();']
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy(style, scripts)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"Sparkify: {TITLE}"),
            tag("style", raw(style)),
        )
        cards = list(self.cards())
        sections = (section(group, cards) for group in SECTIONS)
        answers = {card.answer.question.name: card.data() for card in cards}
        data = embedded({**days.data(self.hours), "answers": answers})
        run = [tag("script", raw(text)) for text in scripts]
        main = (self.range(), tag("main", *sections))
        return tag("html", head, tag("body", self.header(), *main, data, *run), lang="en")

    @cached_property
    def hours(self) -> days.Hours:
        """The plays of each day and hour."""
        return days.by_day(self.answers[days.HOURS.name])

    @property
    def zone(self) -> str:
        """The time zone of days and hours."""
        return str(self.answers[days.HOURS.name].parameters["tz"])

    @property
    def period(self) -> str:
        """The first and the last day with plays."""
        return f"{min(self.hours)} to {max(self.hours)}" if self.hours else ""

    def cards(self) -> Iterator[Card]:
        """Yield the cards of all answers."""
        for answer in self.answers.answers:
            if answer.question is not days.HOURS:
                kept, part = days.shortened(answer if self.names else initials(answer))
                yield Card(kept, self.about(answer, part), kept.question.adds_up_by_day)

    def about(self, answer: Answer, part: str) -> Markup:
        """Return what to know to read an answer: its days, its time zone, what it leaves out."""
        note = reduce(lambda text, names: text.replace(*names), LABELS.items(), answer.note)
        parts = [tag("span", text) for text in (note, sentence(part)) if text]
        if self.hours and "tz" in answer.parameters:
            filtered = answer.question.adds_up_by_day
            dates = tag("time", self.period), "."
            days_ = tag("span", *dates) if filtered else tag("span", "All days: ", *dates)
            parts.insert(0, days_)
        class_ = "about chosen" if answer.question.adds_up_by_day else "about"
        return tag("p", Markup(" ").join(parts), class_=class_)

    def header(self) -> Markup:
        """Return the title, the links to the sections, and the key figures."""
        period = f"{self.period} ({self.zone}), " if self.hours else ""
        about = f"{period}{self.answers.warehouse}, read {self.answers.asked_at:%Y-%m-%d %H:%M} UTC"
        links = (tag("a", title, href=f"#section-{name}") for name, title in SECTIONS.items())
        tiles = (
            tag("div", tag("b", figure), tag("span", text), class_="tile")
            for figure, text in key_figures(self.answers)
        )
        button = tag("button", "Dark", type="button", id="theme", hidden="")
        return tag(
            "header",
            tag("div", tag("h1", TITLE), button, class_="top"),
            tag("p", about, class_="about"),
            tag("nav", *links, aria_label="Sections"),
            tag("div", *tiles, class_="tiles"),
        )

    def range(self) -> Markup:
        """Return the choice of days, which appears when the scripts run."""
        if not self.hours:
            return Markup()
        first, last = min(self.hours), max(self.hours)
        limits = {"type": "date", "min": first, "max": last}
        fields = (
            tag("label", f"{text} ", tag("input", name=name, value=value, **limits))
            for text, name, value in (("From", "first", first), ("to", "last", last))
        )
        buttons = (
            tag("button", text, type="button", value=number)
            for number, text in SHORTCUTS.items()
            if number < len(self.hours)
        )
        label = {"aria_label": "Days of the charts that can be filtered"}
        return tag("form", *fields, *buttons, tag("output"), id="range", hidden="", **label)


def sentence(text: str) -> str:
    """Return a phrase as a sentence."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def section(group: str, cards: list[Card]) -> Markup:
    """Return the answers of a group: charts first, then tables, and the wide ones of each first."""
    members = [card for card in cards if card.answer.question.group == group]
    parts = []
    for charted in (True, False):
        row = sorted((c for c in members if c.charted is charted), key=lambda card: not card.wide)
        if sum(not card.wide for card in row) % 2:  # two stand side by side
            row[-1] = replace(row[-1], alone=True)
        parts += [card.html() for card in row]
    if group == "overview":
        title = tag("h3", "How are the tables related?")
        label = {"role": "region", "tabindex": "0", "aria_label": "Diagram of the tables"}
        diagram = tag("div", entities(), class_="scroll", **label)
        parts.append(tag("article", title, diagram, class_="wide"))
    heading = tag("h2", SECTIONS[group], id=f"section-{group}")
    return tag("section", heading, tag("div", *parts, class_="cards"))


def key_figures(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the most important figures, each with its text."""
    genders = answers["plays-by-gender"].records()
    levels = answers["plays-by-level"].records()
    plays, songs, *_ = answers["coverage"].records()
    people = sum(row["people"] for row in genders)
    listeners = sum(row["listeners"] for row in genders)
    paid = sum(row["people"] for row in levels if row["level"] == "paid")
    yield f"{plays['total']:,}", "plays"
    yield f"{listeners:,}", f"of {people:,} people listened"
    yield f"{paid:,}", f"of {people:,} people pay"
    yield f"{songs['total']:,}", "different songs played"
    yield shown("share", plays["share"]), "of the plays match a song in the catalogue"


def embedded(data: Json) -> Markup:
    """Return data as an element that scripts can read, and that nothing in it can end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    return tag("script", raw(text), type="application/json", id="data")


def policy(style: str, scripts: list[str]) -> str:
    """Return a policy: nothing may be loaded, and only these scripts and this style may run."""
    hashes = " ".join(map(hash_source, scripts))
    return (
        f"default-src 'none'; script-src {hashes}; style-src {hash_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def hash_source(text: str) -> str:
    """Return the source of a policy that allows exactly this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
