"""The words of the bot's one comment."""

import pytest

from bot.comments import MARKER, WORDS, Suggestion, boxes, explain, fold, suggest, why
from bot.models import Guess

STRANGE = ["bug", "needs triage", "a`b", "x --> y", "кириллица", "@team", "100%", "a|b"]


def guess(label: str, **more: object) -> Guess:
    thresholds = {"suggest_threshold": 0.6, "apply_threshold": 0.9}
    return Guess(label=label, **{"probability": 0.834, "decision": "suggest", "by_rule": False} | thresholds | more)


def test_boxes_give_every_label_back_whatever_is_in_its_name() -> None:
    body = suggest([Suggestion(name, 0.5) for name in STRANGE])
    assert boxes(body) == dict.fromkeys(STRANGE, False)
    ticked = body.replace("- [ ] `needs triage`", "- [X] `needs triage`").replace("\n", "\r\n")
    assert [name for name, on in boxes(ticked).items() if on] == ["needs triage"]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_says_all(language: str) -> None:
    told = [Suggestion("bug", 0.5, why="60% ≤ 83%"), Suggestion("x", None), Suggestion("y", 1.0, by_rule=True)]
    body = suggest(told, language=language)
    assert body.startswith(MARKER)
    assert "50" in body
    assert "/tagger accept" in body
    assert list(boxes(body)) == ["bug", "x", "y"]
    assert suggest([], language=language) != suggest([], language="en") or language == "en"


def test_folded_comment_keeps_its_boxes_and_folds_once() -> None:
    body = suggest([Suggestion("bug", 0.5)])
    folded = fold(body)
    assert folded.startswith(f"{MARKER}\n<details>")
    assert boxes(folded) == {"bug": False}
    assert fold(folded) == folded


def test_why_is_in_numbers_where_something_is_measured() -> None:
    assert why(guess("bug")) == "60% ≤ 83% < 90%"
    assert why(guess("bug", apply_threshold=None)) == "60% ≤ 83%"
    assert why(guess("bug", suggest_threshold=None)) == why(guess("bug", by_rule=True)) == ""


def test_explanation_is_a_table_that_no_label_breaks() -> None:
    rows = explain([guess("a|b"), guess("rule", by_rule=True), guess("c", apply_threshold=None)]).splitlines()[2:]
    assert rows[0] == "| `a\\|b` | 83% | 60%, 90% | suggest |"
    assert [row.split("|")[-3].strip() for row in rows[1:]] == ["rule", "60%, —"]
