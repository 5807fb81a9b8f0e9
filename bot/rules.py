"""The rules of a repository's configuration: labels that patterns in title, body or form answers call for. Pure."""

import logging
from collections.abc import Sequence

import regex

from bot import fences
from bot.repo_config import Rule

SECONDS = 0.2  # for one pattern on one text: whoever wrote it need not be trusted
MOST_TEXT = 100_000  # characters looked at

log = logging.getLogger(__name__)


def labels_of(rules: Sequence[Rule], title: str, body: str) -> list[str]:
    """Return the labels whose rules hold for an issue, each once, in the order of the rules."""
    answers = form_answers(body)
    return list(dict.fromkeys(rule.label for rule in rules if _holds(rule, title, body, answers)))


def _holds(rule: Rule, title: str, body: str, answers: dict[str, str]) -> bool:
    asked = [(rule.title, title), (rule.body, body)]
    asked += [(pattern, answers.get(heading.strip().lower(), "")) for heading, pattern in rule.answers.items()]
    return all(_found(pattern, text) for pattern, text in asked if pattern)


def _found(pattern: str, text: str) -> bool:
    try:
        return bool(regex.search(pattern, text[:MOST_TEXT], regex.IGNORECASE | regex.MULTILINE, timeout=SECONDS))
    except TimeoutError:
        log.warning("pattern took too long, and counts as not found", extra={"pattern": pattern})
        return False


def form_answers(body: str) -> dict[str, str]:
    """Return the answers of an issue form by heading, in lower case: GitHub writes `### Heading`, then the answer.

    Headings inside a fenced block are text; of two with the same name the first one counts.
    """
    answers: dict[str, list[str]] = {}
    current: list[str] = []
    for line, fenced in fences.lines(body):
        if not fenced and line.startswith("### "):
            current = answers.setdefault(line[4:].strip().lower(), [])
            if current:
                current = []
            continue
        current.append(line)
    return {heading: "\n".join(lines).strip() for heading, lines in answers.items()}
