"""What the model in service would have done before it came into service, as its training noted it down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accuracy import APPLY, SUGGEST, Tally, Verdict
from bot.dashboard.queries import Chip
from bot.models import HINDSIGHT, Issue, ModelVersion

WORDS = {Verdict.RIGHT: "right", Verdict.WRONG: "wrong", Verdict.UNANSWERED: "not labelled"}


@dataclass(frozen=True)
class Example:
    """An issue on which something would have been done."""

    number: int
    title: str | None
    chips: list[Chip]


@dataclass(frozen=True)
class Hindsight:
    """The issues opened from `since` to `until`, and what would have been done with them."""

    since: datetime
    until: datetime
    applied: Tally
    suggested: Tally
    examples: list[Example]


def of(session: Session, model: ModelVersion | None) -> Hindsight | None:
    """Return what a model would have done; None where its training did not note that down."""
    about = model.metrics.get(HINDSIGHT) if model else None
    if model is None or about is None:
        return None
    numbers = [each["number"] for each in about["examples"]]
    mine = (Issue.repository_id == model.repository_id, Issue.number.in_(numbers))
    titles = {row.number: row.title for row in session.execute(select(Issue.number, Issue.title).where(*mine))}
    return Hindsight(
        since=datetime.fromisoformat(about["since"]),
        until=datetime.fromisoformat(about["until"]),
        applied=Tally(**about[APPLY]),
        suggested=Tally(**about[SUGGEST]),
        examples=[Example(each["number"], titles.get(each["number"]), _chips(each)) for each in about["examples"]],
    )


def _chips(example: Mapping[str, Any]) -> list[Chip]:
    return [
        Chip(each["label"], each["probability"], each["decision"], WORDS[Verdict(each["verdict"])])
        for each in example["labels"]
    ]
