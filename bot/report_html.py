"""A replay's report as a page: one file that needs nothing else, in light and dark, in the dashboard's manner."""

import base64
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.dashboard import charts, formats
from bot.dashboard.charts import DARK, LIGHT, Course, Palette
from bot.report import Report, headline, notes, percent, windows

STYLE = Path(charts.__file__).parent / "static" / "style.css"


def render(report: Report) -> str:
    """Return the page."""
    pages = Environment(
        loader=PackageLoader("bot", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    figures, course = report.figures, _course(report)
    return pages.get_template("replay.html").render(
        figures=figures,
        headline=headline(figures),
        notes=notes(figures),
        course=course,
        light=_picture(course, LIGHT),
        dark=_picture(course, DARK),
        style=STYLE.read_text(encoding="utf-8"),
        percent=percent,
        f=formats,
    )


def _course(report: Report) -> Course:
    models = report.figures["models"]
    promotions = [(m["promoted_at_issue"], m["number"]) for m in models if m["promoted_at_issue"] is not None]
    return Course(windows(report.judged), promotions, dated=report.plan.source.dated)


def _picture(course: Course, palette: Palette) -> str:
    """Return the picture of precision and coverage over time as a data URI."""
    return "data:image/svg+xml;base64," + base64.b64encode(charts.accuracy_svg(course, palette=palette)).decode()
