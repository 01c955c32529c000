"""What vl-convert makes: the bundle of Vega's scripts, and still images of the charts."""

import re
from functools import cache

import altair
import vl_convert
from markupsafe import Markup

from sparkify.analytics.markup import raw
from sparkify.analytics.page.figures import DATA
from sparkify.report import Json

#: the version of Vega-Lite that Altair writes, as vl-convert names it: "6.4" of "v6.4.1"
VERSION = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
#: labels that Vega hides because they would overlap, and the font, which is the page's
UNSEEN = re.compile(r'<text [^>]*opacity="0"[^>]*>[^<]*</text>| font-family="[^"]*"')
PATH = re.compile(r' d="[^"]*"')
SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which can stand inside a page."""
    return vl_convert.javascript_bundle(SNIPPET, VERSION).replace("</script", r"<\/script")


def still(specification: Json, rows: list[Json]) -> Markup:
    """Draw a chart as SVG, which is shown until a script has run."""
    with_data = {**specification, "datasets": {DATA: rows}}
    svg = vl_convert.vegalite_to_svg(with_data, vl_version=VERSION)
    return raw(PATH.sub(rounded, UNSEEN.sub("", svg)))  # Vega has escaped the texts


def rounded(path: re.Match[str]) -> str:
    """Return a path with two digits after each decimal point, which are enough for a screen."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])
