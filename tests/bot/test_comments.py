"""The words of the bot's one comment."""

import re
from dataclasses import fields

import pytest

from bot.comments import (
    EXPLANATION,
    MARKER,
    Suggestion,
    anew,
    boxes,
    explain,
    fold,
    suggest,
    thought,
    with_boxes,
    with_explanation,
)
from bot.models import Guess
from bot.reasons import Reason
from bot.words import WORDS, Words
from bot.words_why import WHY

STRANGE = ["bug", "needs triage", "a`b", "x --> y", "кириллица", "@team", "100%", "a|b", "needs--info", "-->-"]
HIDDEN = re.compile(r"<!-- (?:(?!--).)+ -->")  # what GitHub takes for a comment in HTML
EN = WORDS["en"]
LINKED = re.compile(r"#\d|GH-\d|/issues/\d")  # what GitHub makes a reference of


def guess(label: str, **more: object) -> Guess:
    thresholds = {"suggest_threshold": 0.6, "apply_threshold": 0.9}
    return Guess(label=label, **{"probability": 0.834, "decision": "suggest", "by_rule": False} | thresholds | more)


def suggestion(label: str, *, like: int | None = None, measured: bool = True, **more: object) -> Suggestion:
    return Suggestion(label, guess(label, **more), measured, like)


EVERY_CASE = [
    suggestion("a", like=123_456),
    suggestion("b", like=123_456, apply_threshold=None),
    suggestion("c", like=123_456, decision="apply", probability=0.95),
    suggestion("d", like=123_456, measured=False),
    suggestion("e", by_rule=True, decision="apply"),
]


def test_boxes_give_every_label_back_whatever_is_in_its_name() -> None:
    body = suggest([suggestion(name) for name in STRANGE])
    assert boxes(body) == dict.fromkeys(STRANGE, False)
    assert len(HIDDEN.findall(body)) == 1 + len(STRANGE)
    ticked = body.replace("- [ ] `needs triage`", "- [X] `needs triage`").replace("\n", "\r\n")
    assert [name for name, on in boxes(ticked).items() if on] == ["needs triage"]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_says_all(language: str) -> None:
    body = suggest(EVERY_CASE, language=language)
    assert body.startswith(MARKER)
    assert "83" in body
    assert "/tagger accept" in body
    assert list(boxes(body)) == ["a", "b", "c", "d", "e"]
    assert not re.search(r"[{}≤≈]", body)
    assert not LINKED.search(body)
    assert "123456" in body


@pytest.mark.parametrize("language", sorted(WORDS))
def test_no_two_languages_and_no_two_cases_say_the_same(language: str) -> None:
    others = [words for name, words in WORDS.items() if name != language]
    said = [getattr(WORDS[language], field.name) for field in fields(Words)]
    assert all(getattr(other, field.name) not in said for other in others for field in fields(Words))
    assert len({*said}) >= len(said) - 1  # Japanese and Chinese have one word for one and for several


@pytest.mark.parametrize("language", sorted(WORDS))
def test_reason_in_githubs_own_interface_is_no_longer_than_it_takes(language: str) -> None:
    for each in EVERY_CASE:
        assert 0 < len(each.rationale(language)) <= 280
        assert not LINKED.search(each.rationale(language))


def test_boxes_are_set_by_label_and_the_others_stay() -> None:
    body = suggest([suggestion(name) for name in STRANGE])
    one = with_boxes(body, {"needs triage": True})
    assert one == body.replace("- [ ] `needs triage`", "- [x] `needs triage`") != body
    assert with_boxes(one, {}) == one
    assert with_boxes(one, {"of no box": True}) == one


def test_folded_comment_keeps_its_boxes_and_folds_once() -> None:
    body = suggest([suggestion("bug")])
    folded = fold(body)
    assert folded.startswith(f"{MARKER}\n<details>")
    assert boxes(folded) == {"bug": False}
    assert fold(folded) == folded


def test_why_is_a_sentence_with_the_similar_issue_first() -> None:
    assert suggestion("bug", like=12).reasons(EN) == [
        "Issue 12 is similar and has this label.",
        "I am 83% sure; past issues show that 60% is enough to suggest it, and 90% to put it on unasked.",
    ]
    surely = suggestion("bug", decision="apply", probability=0.97).reasons(EN)
    assert surely == [EN.enough.format(sure="97", apply="90"), EN.only_suggested]
    assert suggestion("bug", measured=False).reasons(EN) == [EN.by_name]
    assert "<details>" not in suggest([suggestion("bug", by_rule=True)]), "the line of a rule's says why already"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "I am 83% sure; past issues show that 60% is enough to suggest it, and 90% to put it on unasked."),
        ({"apply_threshold": None}, EN.unproven.format(sure="83", suggest="60")),
        ({"decision": "apply", "probability": 0.9}, EN.enough.format(sure="90", apply="90")),
        ({"decision": "withhold", "probability": 0.2}, "I am 20% sure; I would suggest it from 60% on."),
        ({"decision": "withhold", "probability": 0.7}, EN.rival.format(sure="70")),
        ({"decision": "withhold", "suggest_threshold": None}, EN.unknown.format(sure="83")),
        ({"by_rule": True}, EN.rule),
        ({"decision": "withhold", "probability": 0.5996}, "I am 59.96% sure; I would suggest it from 60.00% on."),
        ({"decision": "withhold", "probability": 0.597}, "I am 59.7% sure; I would suggest it from 60.0% on."),
    ],
)
def test_what_was_thought_of_a_label_is_told_by_what_was_decided(more: dict[str, object], said: str) -> None:
    assert thought(guess("bug", **more), EN, measured=True) == said


@pytest.mark.parametrize("language", sorted(WORDS))
@pytest.mark.parametrize("decision", ["suggest", "withhold"])
def test_at_the_cold_start_it_is_said_once_that_nothing_is_learnt_and_the_labels_follow(
    language: str, decision: str
) -> None:
    words = WORDS[language]
    ruled = guess("e", by_rule=True, decision="apply", probability=1.0)
    guesses = [ruled, guess("a b", decision=decision), guess("c", decision="withhold")]
    told = explain(guesses, measured=False, language=language)
    fits = words.first_fits if decision == "suggest" else words.none_fits
    said = " ".join((words.unlearnt, words.closest.format("`a b`, `c`"), fits))
    assert told.splitlines() == [EXPLANATION, said, "", f"- `e`: {words.rule}"]
    assert explain([ruled], measured=False, language=language).count(words.closest[:5]) == 0


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_tells_why_nothing_was_written(language: str) -> None:
    told = WHY[language]
    assert told.keys() == {*Reason} - {Reason.NEWER, Reason.GONE}
    assert len({*told.values()}) == len(told)
    assert all(not {*told.values()} & {*WHY[other].values()} for other in WHY.keys() - {language})
    assert not any(LINKED.search(each) for each in told.values())
    nothing = explain([], measured=False, reason=Reason.OLD, language=language)
    assert nothing == f"{EXPLANATION}\n{WORDS[language].no_thoughts} {told[Reason.OLD]}"
    something = explain([guess("a")], measured=True, reason=Reason.SHADOW, language=language).splitlines()
    assert something[1:4] == [told[Reason.SHADOW], "", WORDS[language].thoughts]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_explanation_has_a_line_for_each_label_whatever_its_name(language: str) -> None:
    words = WORDS[language]
    rows = explain([guess(name) for name in STRANGE], measured=True, language=language).splitlines()
    assert rows[:2] == [EXPLANATION, words.thoughts]
    assert len(rows[3:]) == len(STRANGE)
    assert rows[4] == f"- `needs triage`: {words.middling.format(sure='83', suggest='60', apply='90')}"
    assert explain([], measured=False, language=language) == f"{EXPLANATION}\n{words.no_thoughts}"


def test_explanation_stays_in_sight_and_is_there_once() -> None:
    body, first, second = suggest([suggestion("bug")]), f"{EXPLANATION}\nfirst", f"{EXPLANATION}\nsecond"
    explained = with_explanation(body, first)
    assert with_explanation(explained, second) == f"{body}\n\n{second}"
    for folded in (fold(explained), with_explanation(fold(body), first)):
        assert folded.rpartition("</details>")[2].strip() == first
        assert folded.count(EXPLANATION) == 1
        assert boxes(folded) == {"bug": False}


def test_comment_written_anew_keeps_the_explanation_that_was_asked_for() -> None:
    old = with_explanation(MARKER, f"{EXPLANATION}\nbecause")
    assert anew(old, "new") == f"new\n\n{EXPLANATION}\nbecause"
    assert anew("old", "new") == "new"


def test_label_that_was_refused_is_struck_out_until_somebody_wants_it_after_all() -> None:
    body = suggest([suggestion(name) for name in ("bug", "docs")])
    refused = with_boxes(body, {"bug": False})
    (line,) = [each for each in refused.splitlines() if "label:bug" in each]
    assert line.startswith("- [ ] ~~`bug` — ")
    assert line.endswith("sure~~ <!-- label:bug -->")
    assert with_boxes(refused, {"bug": False}) == refused
    assert boxes(refused) == {"bug": False, "docs": False}
    assert with_boxes(refused, {"bug": True}) == with_boxes(body, {"bug": True})
