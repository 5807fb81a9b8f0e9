"""The bot's one comment on an issue: its hidden markers and its words. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from bot.models import Guess
from bot.reasons import Reason
from bot.words import WORDS, Words
from bot.words_why import WHY
from pipeline.decisions import Decision

MARKER = "<!-- issue-tagger: suggestions -->"
EXPLANATION = "<!-- issue-tagger: explanation -->"  # what was asked for by a command: from here to the end
HIGH, MEDIUM = 0.9, 0.6  # probabilities from which on confidence is called so
COMMANDS = "`/tagger accept` · `/tagger no LABEL` · `/tagger explain` · `/tagger undo`"
BOX = re.compile(r"^- \[([ xX])\] (?:~~)?(.*?)(?:~~)?( <!-- label:(\S+) -->\r?)$", re.MULTILINE)


@dataclass(frozen=True)
class Suggestion:
    """A label to suggest, and the guess behind it; a guess that is not `measured` is of the cold start.

    `like` is the number of an issue that is like this one and has the label.
    """

    label: str
    guess: Guess
    measured: bool = True
    like: int | None = None

    def reasons(self, words: Words) -> list[str]:
        """Return why, in sentences."""
        said = [thought(self.guess, words, measured=self.measured)]
        if self.measured and _unasked(self.guess):
            said.append(words.only_suggested)
        return [words.like.format(self.like), *said] if self.like else said

    def rationale(self, language: str) -> str:
        """Return why, in the 280 characters at most that GitHub takes."""
        return " ".join(self.reasons(WORDS[language]))

    @property
    def confidence(self) -> str:
        """Return how sure, in GitHub's words."""
        if self.guess.by_rule:
            return "high"
        return _level(self.guess.probability) if self.measured else "low"


def suggest(suggestions: Sequence[Suggestion], *, language: str = "en") -> str:
    """Return the comment that suggests labels, or says that there is nothing left to suggest."""
    words = WORDS[language]
    if not suggestions:
        return f"{MARKER}\n{words.nothing}"
    head = words.one if len(suggestions) == 1 else words.several
    lines = [f"- [ ] {code(each.label)} — {_confidence(each, words)} {_name(each.label)}" for each in suggestions]
    why = [f"- {code(each.label)}: {' '.join(each.reasons(words))}" for each in suggestions if not each.guess.by_rule]
    folded = ["", f"<details><summary>{words.why}</summary>", "", *why, "", "</details>"] if why else []
    return "\n".join((MARKER, head, "", *lines, *folded, "", f"<sub>{words.bot} {COMMANDS}</sub>"))


def _level(probability: float) -> str:
    return "high" if probability >= HIGH else "medium" if probability >= MEDIUM else "low"


# --- why


def _unasked(guess: Guess) -> bool:
    """Tell whether a model is sure enough of a label to put it on."""
    return guess.decision == Decision.APPLY and not guess.by_rule


def thought(guess: Guess, words: Words, *, measured: bool) -> str:
    """Return in a sentence what was thought of a label, and what it takes to suggest it or to put it on unasked."""
    if guess.by_rule:
        return words.rule
    if not measured:
        return words.by_name
    limits = (guess.suggest_threshold, guess.apply_threshold)
    sure, least, unasked = _percents(guess.probability, *limits)
    return _case(guess, words).format(sure=sure, suggest=least, apply=unasked)


def _case(guess: Guess, words: Words) -> str:
    if guess.decision == Decision.APPLY:
        return words.enough
    if guess.decision == Decision.SUGGEST:
        return words.unproven if guess.apply_threshold is None else words.middling
    if guess.suggest_threshold is None:
        return words.unknown
    return words.rival if guess.probability >= guess.suggest_threshold else words.too_little


def _percents(*shares: float | None) -> list[str]:
    """Return shares in whole percents; with as many digits more as it takes to tell those apart that differ."""
    given = {share for share in shares if share is not None}
    digits = next((more for more in range(3) if len({f"{100 * each:.{more}f}" for each in given}) == len(given)), 3)
    return ["" if share is None else f"{100 * share:.{digits}f}" for share in shares]


def explain(guesses: Sequence[Guess], *, measured: bool, reason: Reason | None = None, language: str = "en") -> str:
    """Return why nothing was written, if a `reason` is given, and what was thought of labels, most probable first."""
    words = WORDS[language]
    why = [WHY[language][reason]] if reason in WHY[language] else []
    if not guesses:
        return "\n".join((EXPLANATION, " ".join((words.no_thoughts, *why))))
    thoughts = _thoughts(guesses, words) if measured else _closest(guesses, words)
    return "\n".join((EXPLANATION, *(f"{each}\n" for each in why), *thoughts))


def _thoughts(guesses: Sequence[Guess], words: Words) -> list[str]:
    """Return what was thought of each label, and what it would have taken to suggest or apply it."""
    lines = [f"- {code(each.label)}: {thought(each, words, measured=True)}{_but(each, words)}" for each in guesses]
    return [words.thoughts, "", *lines]


def _but(guess: Guess, words: Words) -> str:
    """Return why a label that is sure enough to be put on was suggested only; nothing where it was not."""
    return f" {words.only_suggested}" if _unasked(guess) and guess.written == "suggested" else ""


def _closest(guesses: Sequence[Guess], words: Words) -> list[str]:
    """Return once that nothing is learnt yet, then the labels by how well their names fit, those of rules apart."""
    ruled = [f"- {code(each.label)}: {words.rule}" for each in guesses if each.by_rule]
    others = [each for each in guesses if not each.by_rule]
    fits = any(each.decision == Decision.SUGGEST for each in others)
    names = ", ".join(code(each.label) for each in others)
    said = [words.unlearnt, words.closest.format(names), words.first_fits if fits else words.none_fits]
    return [" ".join(said if others else said[:1]), *(["", *ruled] if ruled else [])]


def with_explanation(body: str, explanation: str) -> str:
    """Return a comment of ours with an explanation below all else, folded or not, in place of an earlier one."""
    return f"{body.partition(EXPLANATION)[0].rstrip()}\n\n{explanation}"


def anew(old: str, new: str) -> str:
    """Return a comment in place of an old one, with the explanation in that which somebody had asked for."""
    _, mark, explanation = old.partition(EXPLANATION)
    return with_explanation(new, mark + explanation) if mark else new


# --- the comment


def fold(body: str, *, language: str = "en") -> str:
    """Return a comment of ours folded away, for all that it suggests is settled; one that is folded stays as it is.

    What somebody asked to have explained stays in sight.
    """
    if body.startswith(f"{MARKER}\n<details>"):
        return body
    suggested, mark, explained = body.removeprefix(MARKER).partition(EXPLANATION)
    folded = f"<details><summary>{WORDS[language].settled}</summary>\n\n{suggested.strip()}\n\n</details>"
    return f"{MARKER}\n{folded}" + (f"\n\n{mark}{explained}" if mark else "")


def boxes(body: str) -> dict[str, bool]:
    """Return the labels of a comment's checkboxes, and whether each is ticked."""
    return {unquote(found[4]): found[1] in "xX" for found in BOX.finditer(body)}


def with_boxes(body: str, ticked: Mapping[str, bool]) -> str:
    """Return a comment of ours with the boxes of some labels ticked, or not: such a label is refused and struck out."""

    def box(found: re.Match[str]) -> str:
        tick = ticked.get(unquote(found[4]))
        if tick is None:
            return found[0]
        return f"- [x] {found[2]}{found[3]}" if tick else f"- [ ] ~~{found[2]}~~{found[3]}"

    return BOX.sub(box, body)


def _name(label: str) -> str:
    """Return a label's name where people do not see it and nothing in it is markup."""
    return f"<!-- label:{quote(label, safe='').replace('-', '%2D')} -->"  # to GitHub, -- is no part of a comment


def _confidence(suggestion: Suggestion, words: Words) -> str:
    if suggestion.guess.by_rule:
        return words.rule
    return words.sure.format(*_percents(suggestion.guess.probability)) if suggestion.measured else words.unmeasured


def code(text: str) -> str:
    """Return text as a Markdown code span, in which nothing is a mention, a link or markup."""
    text = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
