"""A repository's own configuration, `.github/issue-tagger.yml`: read and checked, each problem with its line. Pure.

What may stand in it is said by `issue-tagger.schema.json`, which is published for editors; whoever writes
the file need not be trusted.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import regex
from jsonschema import Draft202012Validator

from bot import safe_yaml
from bot.mistakes import explain
from bot.models import Mode
from bot.repeats import repeats
from bot.safe_yaml import FileError, Lines, Place, Problem

SCHEMA = Path(__file__).with_name("issue-tagger.schema.json")
PATH = ".github/issue-tagger.yml"
OLD_PATH = ".github/issue_label_bot.yaml"  # of Issue-Label-Bot
MOST_BYTES = 64 * 1024
MOST_PROBLEMS = 100  # told of one file
FLAGS = regex.IGNORECASE | regex.MULTILINE  # of patterns
MOST_REPEATS = 100_000  # that patterns count out, as x{1000} does: compiling takes time and memory for each


@dataclass(frozen=True)
class Rule:
    """A label that is right where all the patterns are found: in title, body, and answers by heading of the form."""

    label: str
    title: str = ""
    body: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RepoConfig:
    """What a repository has set; None, or empty, where it follows the bot's own settings. Names may have a `*`."""

    mode: Mode | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    suggest_only: tuple[str, ...] = ()
    readable: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    apply_precision: float | None = None
    suggest_precision: float | None = None
    most_labels: int | None = None
    authors: tuple[str, ...] = ()
    associations: tuple[str, ...] = ()
    delay: timedelta | None = None
    language: str = "en"
    rules: tuple[Rule, ...] = ()

    def uses(self, label: str) -> bool:
        """Tell whether a label may be learnt and used."""
        included = not self.include or matches(label, self.include)
        never = [name for name, what in self.groups.items() if what != "one"]
        return included and not matches(label, [*self.exclude, *never])

    def fits_nothing(self, labels: Collection[str]) -> list[str]:
        """Return what is named, patterns included, that none of a repository's labels is called."""
        ruled = [rule.label for rule in self.rules]
        named = {*self.include, *self.exclude, *self.suggest_only, *self.readable, *self.groups, *ruled}
        return sorted(name for name in named if not any(matches(label, [name]) for label in labels))

    def meaning(self, label: str) -> str:
        """Return in words what a label means; empty where nothing is said."""
        said = next((told for name, told in self.readable.items() if name.lower() == label.lower()), {})
        return ": ".join(filter(None, (said.get("name"), said.get("description"))))

    def ignores(self, author: str, association: str) -> bool:
        """Tell whether the issues of an author are left alone."""
        return association in self.associations or matches(author, self.authors)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name is one of those given, `*` standing for any text, without regard to case."""
    lowered = name.lower()
    return any(fnmatchcase(lowered, _literal(each.lower())) for each in patterns)


def _literal(pattern: str) -> str:
    return pattern.replace("[", "[[]").replace("?", "[?]")  # of what fnmatch knows, only * is for users


def parse(content: bytes) -> RepoConfig:
    """Return what a file says.

    Raises
    ------
    FileError
        With every problem found.
    """
    text = _decoded(content)
    data, lines = safe_yaml.read(text)
    errors = islice(_validator().iter_errors(data), MOST_PROBLEMS)
    told = (problem for error in errors for problem in explain(error, lines))
    problems = list(islice(told, MOST_PROBLEMS)) or list(islice(_patterns(data or {}, lines), MOST_PROBLEMS))
    if problems:
        raise FileError(problems)
    config = _build(data or {})
    if (config.suggest_precision or 0) > (config.apply_precision or 1):
        line = lines[("precision", "suggest")]
        raise FileError([Problem(line, "precision.suggest must not be above precision.apply")])
    return config


def parse_old(content: bytes) -> RepoConfig:
    """Return what a file of Issue-Label-Bot says: its `predicted-labels`, under the names of `label-alias`.

    Raises
    ------
    FileError
        If it is no YAML, or these two are not a list and a mapping of names.
    """
    data, lines = safe_yaml.read(_decoded(content))
    data = data if isinstance(data, dict) else {}
    aliases, predicted = data.get("label-alias") or {}, data.get("predicted-labels") or []
    problems = []
    if not isinstance(aliases, dict) or not all(isinstance(name, str) for name in aliases.values()):
        problems.append(Problem(lines.get(("label-alias",), 1), "label-alias must give a label for each name"))
    if not isinstance(predicted, list) or not all(isinstance(name, str) for name in predicted):
        problems.append(Problem(lines.get(("predicted-labels",), 1), "predicted-labels must be a list of names"))
    if problems:
        raise FileError(problems)
    readable = {label: {"name": name} for name, label in aliases.items()}
    return RepoConfig(include=tuple(aliases.get(name, name) for name in predicted), readable=readable)


@lru_cache(maxsize=256)
def configured(path: str, content: bytes) -> RepoConfig:
    """Return what a file says; `path` tells of which kind it is. See :func:`parse`."""
    return (parse_old if path.endswith(OLD_PATH) else parse)(content)


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise FileError([Problem(1, f"the file has {len(content):,} bytes; {MOST_BYTES:,} are the most")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError([Problem(line, "this is no UTF-8; save the file as UTF-8")]) from error


# --- the schema


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text()))


def _patterns(data: Mapping[str, Any], lines: Lines) -> Iterator[Problem]:
    """Yield the patterns of rules that are no regular expressions, or would take long to read as such."""
    spent = 0
    for place, pattern in _patterns_of(data.get("rules", ())):
        spent += repeats(pattern, MOST_REPEATS)
        if spent > MOST_REPEATS:
            yield Problem(lines[place], f"the counts in braces of all patterns come to more than {MOST_REPEATS:,}")
            return
        try:
            regex.compile(pattern, FLAGS)
        except (regex.error, ValueError, RuntimeError) as error:
            yield Problem(lines[place], f"{pattern!r} is no regular expression: {error}")


def _patterns_of(rules: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Place, str]]:
    for index, rule in enumerate(rules):
        place = ("rules", index)
        yield from (((*place, key), rule[key]) for key in ("title", "body") if key in rule)
        yield from (((*place, "answers", key), value) for key, value in rule.get("answers", {}).items())


def _build(data: Mapping[str, Any]) -> RepoConfig:
    labels, precision, ignore = (data.get(key) or {} for key in ("labels", "precision", "ignore"))
    return RepoConfig(
        mode=Mode(data["mode"]) if "mode" in data else None,
        include=tuple(labels.get("include", ())),
        exclude=tuple(labels.get("exclude", ())),
        suggest_only=tuple(labels.get("suggest_only", ())),
        readable=labels.get("readable", {}),
        groups=data.get("groups", {}),
        apply_precision=precision.get("apply"),
        suggest_precision=precision.get("suggest"),
        most_labels=int(data["most_labels"]) if "most_labels" in data else None,  # 2.0 is whole to the schema, too
        authors=tuple(ignore.get("authors", ())),
        associations=tuple(ignore.get("associations", ())),
        delay=timedelta(minutes=data["delay_minutes"]) if "delay_minutes" in data else None,
        language=data.get("language", "en"),
        rules=tuple(Rule(**rule) for rule in data.get("rules", ())),
    )
