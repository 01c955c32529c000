"""How Sphinx makes a site of these pages; `scripts/docs` runs it.

The pages are plain Markdown, which can be read on a code host as well: none has a directive. The
order of the site is that of the lists in index.md.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

from sparkify.analytics.page.entities import entities

project = "Sparkify"
author = "The Sparkify authors"
extensions = ["myst_parser"]
myst_heading_anchors = 4  # those that a code host gives to headings
nitpicky = True
html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = html_show_sphinx = False

SECTION = re.compile(r"^## (.+)\n((?:.*\n)+?)(?=## |\Z)", re.MULTILINE)
PAGE = re.compile(r"^- \[.*?\]\(([\w-]+)\.md\)", re.MULTILINE)
CONTENTS = """
```{{toctree}}
:hidden:
:caption: {}
{}
```
"""
OUTSIDE = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


def add_navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the lists of index.md as tables of contents, which become the site's navigation."""
    text = OUTSIDE.sub(r"](path:\1)", source[0])  # a file outside of the site is a download
    if name == "index":
        for title, listed in SECTION.findall(source[0]):
            text += CONTENTS.format(title, "\n".join(PAGE.findall(listed)))
    source[0] = text


def draw_tables(app: Sphinx, tree: nodes.document) -> None:
    """Draw the diagram of the tables: what draws Mermaid would have to be fetched by the reader."""
    for block in list(tree.findall(nodes.literal_block)):
        if block.get("language") == "mermaid":
            block.replace_self(nodes.raw("", str(entities()), format="html"))


def setup(app: Sphinx) -> None:
    """Have Sphinx call these functions."""
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", draw_tables)
