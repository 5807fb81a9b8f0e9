"""Labels as words: what a label's name and description say to a reader, or to a language model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a repository: its name there, and the same as words."""

    name: str
    readable: str
    description: str = ""

    @property
    def text(self) -> str:
        """Return name and description as one phrase."""
        return f"{self.readable}: {self.description}" if self.description else self.readable


def read_labels(names: Sequence[str], descriptions: Mapping[str, str] | None = None) -> list[Label]:
    """Return the labels of those names, with their descriptions where there are any."""
    return [Label(name, readable(name), (descriptions or {}).get(name, "")) for name in names]


def readable(name: str) -> str:
    """Return a label's name as words: `type:bug-fix` becomes `type bug fix`."""
    return " ".join(re.split(r"[\s:/_\-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).strip()
