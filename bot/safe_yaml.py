"""YAML of people who need not be trusted, read within bounds; what is wrong with it is told with its line. Pure.

Tags, which make anything of anything, and text that no database takes are refused; so are aliases, which unfold into
millions of nodes, but where the reader looks at each node only once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

DEEPEST = 20
LONGEST_NUMBER = 20  # characters
STR, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float"))
_UNFIT = re.compile("[\0\ud800-\udfff]")

HINTS = {
    "mapping values are not allowed": "a colon where none can be; put such text in quotes, and check the indentation",
    r"found character '\t'": "a tab; indent with spaces",
    "expected <block end>": "this line's indentation, or its dash, does not fit the lines above",
    "could not find expected ':'": "a name without a colon after it",
    "expected ',' or": "a bracket that is not closed, or a comma that is missing",
    "found unexpected end of stream": "a quotation mark that is not closed",
    "expected a single document": "more than one document; leave out the line ---",
}  # by the begin of what PyYAML says

Place = tuple[str | int, ...]  # keys and indexes, from the top of the file
Lines = dict[Place, int]


@dataclass(frozen=True)
class Problem:
    """What is wrong, and on which line, from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        """Return both, for people."""
        return f"line {self.line}: {self.reason}"


class FileError(ValueError):
    """A file that cannot be used; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: each.line))
        super().__init__("; ".join(map(str, self.problems)))


def read(text: str) -> tuple[Any, Lines]:
    """Return what YAML says, and the line of each place in it.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    return _read(text, _Bounded)


def texts(text: str) -> Any:
    """Return what YAML says, each scalar as the text that it is, what has an alias as one object wherever that stands.

    Raises FileError as :func:`read` does, but for aliases.
    """
    return _read(text, _Texts)[0]


class _Bounded(yaml.SafeLoader):
    depth = 0
    aliases = False

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, unless a small file could keep us busy with it."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) and not self.aliases:
            raise FileError([_at(event.start_mark, "aliases (*name) are not taken; write it out")])
        if getattr(event, "tag", None) is not None:
            raise FileError([_at(event.start_mark, "tags (!name) are not taken; leave it out")])
        if self.depth == DEEPEST:
            raise FileError([_at(event.start_mark, "this is nested too deeply")])
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return what a node says; FileError with its line where that is no value, as 2026-99-99 is no day."""
        try:
            return super().construct_object(node, deep)
        except FileError:
            raise
        except (ValueError, OverflowError) as error:
            raise FileError([_at(node.start_mark, f"{node.value[:40]!r} cannot be read: {error}")]) from error


class _Texts(_Bounded):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012
    aliases = True


def _read(text: str, kind: type[_Bounded]) -> tuple[Any, Lines]:
    lines: Lines = {(): 1}
    try:
        loader = kind(text)
        node = loader.get_single_node()
        problems = list(_walk(node, (), lines, set())) if node else []
        if problems:
            raise FileError(problems)
        return (loader.construct_document(node) if node else None), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError([_at(mark, f"this is no YAML: {_hint(error)}")]) from error
    except yaml.YAMLError as error:
        raise FileError([Problem(1, f"this is no YAML: {str(error).splitlines()[0]}")]) from error
    except FileError:
        raise
    except (ValueError, OverflowError) as error:
        raise FileError([Problem(1, f"a value cannot be read: {error}")]) from error


def _hint(error: yaml.MarkedYAMLError) -> str:
    """Return in words what is no YAML; what PyYAML says where we have none."""
    said = error.problem or error.context or ""
    whole = f"{error.context} {said}"
    return next((hint for begin, hint in HINTS.items() if begin in whole), said)


def _at(mark: Any, reason: str) -> Problem:
    return Problem(mark.line + 1 if mark else 1, reason)


def _walk(node: yaml.Node, place: Place, lines: Lines, seen: set[int]) -> Iterator[Problem]:
    """Note the line of each place, and yield keys that are no text, or there twice, and values that are not to be.

    What was `seen`, by its id, is not looked at again.
    """
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, each in enumerate(node.value):
            lines[*place, index] = each.start_mark.line + 1
            yield from _walk(each, (*place, index), lines, seen)
    if isinstance(node, yaml.ScalarNode):
        yield from _scalar(node, ".".join(map(str, place)) or "the file")
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if key.tag != STR:
            yield Problem(line, f"the key {name[:40]} is no text to YAML; put it in quotes")
        if _UNFIT.search(name):
            yield Problem(line, f"the key {name[:40]!r} has characters that are no text")
            continue
        if (*place, name) in lines:
            yield Problem(line, f"{name} is there already, on line {lines[*place, name]}")
        lines[*place, name] = line
        yield from _walk(value, (*place, name), lines, seen)


def _scalar(node: yaml.ScalarNode, where: str) -> Iterator[Problem]:
    if node.tag == FLOAT and node.value.lower() == ".nan":
        yield _at(node.start_mark, f"{where} is no number")
    if node.tag == INT and len(node.value) > LONGEST_NUMBER:
        yield _at(node.start_mark, f"{where} is too long for a number")
    if node.tag == STR and _UNFIT.search(node.value):
        yield _at(node.start_mark, f"{where} has characters that are no text")
