"""Small invented issues for the tests of the pipeline."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pipeline.issues import Issue

START = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ("bug", "docs")
SENTENCES = {
    "bug": ("Crash when saving a file", "The program stops with an error and the traceback below."),
    "docs": ("Typo in the manual", "A page of the guide explains the option wrongly."),
}
PLACES = ("editor", "terminal", "browser", "installer", "parser", "printer")


def issue(number: int, *labels: str, title: str = "", body: str = "", at: datetime | None = None) -> Issue:
    """Return an issue; its text is made up from its first label unless given."""
    written = SENTENCES.get(labels[0] if labels else "", ("Question", "How is this used?"))
    place = PLACES[number % len(PLACES)]
    return Issue(
        number=number,
        title=title or f"{written[0]} in the {place}",
        body=body or f"{written[1]} It is about the {place}.",
        labels=labels,
        created_at=at,
    )


def labelled(count: int, labels: Sequence[str] = LABELS) -> list[Issue]:
    """Return issues that have the labels in turn, an hour apart, oldest first."""
    return [issue(n, labels[n % len(labels)], at=START + timedelta(hours=n)) for n in range(count)]
