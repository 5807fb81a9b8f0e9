"""A report as a page: one file that needs nothing else, in light and dark, in the dashboard's manner; a replay's."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.dashboard import charts, formats
from bot.dashboard.charts import DARK, LIGHT, Course
from bot.report import Report, headline, notes, percent, windows

STYLE = Path(charts.__file__).parent / "static" / "style.css"


def render(report: Report) -> str:
    """Return the page."""
    figures, course = report.figures, _course(report)
    return page(
        "replay.html",
        figures=figures,
        headline=headline(figures),
        notes=notes(figures),
        course=course,
        light=data_uri(charts.accuracy_svg(course, palette=LIGHT)),
        dark=data_uri(charts.accuracy_svg(course, palette=DARK)),
        percent=percent,
    )


def page(template: str, **values: Any) -> str:
    """Return a page that needs no other file: the dashboard's style is in it, and all values are escaped."""
    pages = Environment(
        loader=PackageLoader("bot", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return pages.get_template(template).render(**values, style=STYLE.read_text(encoding="utf-8"), f=formats)


def data_uri(svg: bytes) -> str:
    """Return a picture as it stands in a page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _course(report: Report) -> Course:
    models = report.figures["models"]
    promotions = [(m["promoted_at_issue"], m["number"]) for m in models if m["promoted_at_issue"] is not None]
    return Course(windows(report.judged), promotions, dated=report.plan.source.dated)
