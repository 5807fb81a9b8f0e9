"""The bot's one comment on an issue: its hidden marker and its words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKER = "<!-- issue-tagger: suggestions -->"


@dataclass(frozen=True)
class Suggestion:
    """A label to suggest; `probability` is None where nothing has been measured yet."""

    label: str
    probability: float | None


def suggest(suggestions: Sequence[Suggestion]) -> str:
    """Return the comment that suggests labels, or says that there is nothing left to suggest."""
    if not suggestions:
        return f"{MARKER}\nThe text has changed, and no label is suggested any more."
    lines = [f"- {code(each.label)} — {_confidence(each.probability)}" for each in suggestions]
    words = "Suggested label" if len(lines) == 1 else "Suggested labels"
    return "\n".join(
        (
            MARKER,
            f"**{words}**, for maintainers:",
            "",
            *lines,
            "",
            "<sub>I am a bot. Put on the labels that fit; I learn from what you do, and ignoring this is fine.</sub>",
        )
    )


def _confidence(probability: float | None) -> str:
    if probability is None:
        return "unmeasured: a guess from the label's name, for lack of labelled issues"
    return f"{probability:.0%} sure"


def code(text: str) -> str:
    """Return text as a Markdown code span, in which nothing is a mention, a link or markup."""
    text = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
