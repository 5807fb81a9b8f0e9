"""The rules of a repository's configuration: labels that patterns in title, body or form answers call for. Pure."""

import logging
import time
from collections.abc import Sequence

import regex

from bot import fences
from bot.repo_config import FLAGS, Rule

SECONDS = 0.2  # for one pattern on one text: whoever wrote it need not be trusted
SECONDS_IN_ALL = 2.0  # for the rules of one issue
MOST_TEXT = 100_000  # characters looked at

log = logging.getLogger(__name__)


def labels_of(rules: Sequence[Rule], title: str, body: str) -> list[str]:
    """Return the labels whose rules hold for an issue, each once, in the order of the rules.

    Rules that are not reached within `SECONDS_IN_ALL` do not hold.
    """
    answers, until = form_answers(body), time.monotonic() + SECONDS_IN_ALL
    found: dict[str, None] = {}
    for place, rule in enumerate(rules):
        if time.monotonic() >= until:
            log.warning("rules took too long; the rest count as not found", extra={"tried": place})
            break
        if _holds(rule, title, body, answers):
            found[rule.label] = None
    return list(found)


def _holds(rule: Rule, title: str, body: str, answers: dict[str, str]) -> bool:
    asked = [(rule.title, title), (rule.body, body)]
    asked += [(pattern, answers.get(heading.strip().lower(), "")) for heading, pattern in rule.answers.items()]
    return all(_found(pattern, text) for pattern, text in asked if pattern)


def _found(pattern: str, text: str) -> bool:
    try:
        return bool(regex.search(pattern, text[:MOST_TEXT], FLAGS, timeout=SECONDS))
    except (TimeoutError, RecursionError):
        log.warning("pattern takes too long or too deep, and counts as not found", extra={"pattern": pattern})
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
