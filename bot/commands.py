"""Commands to the bot in comments: `/tagger accept`, and what else people may say. Pure."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from bot import fences

TRIAGE = ("triage", "write", "maintain", "admin")  # GitHub's roles
MAINTAIN = ("maintain", "admin")
WHO: Mapping[str, tuple[str, ...]] = {
    "accept": TRIAGE,
    "no": TRIAGE,
    "undo": TRIAGE,
    "explain": TRIAGE,
    "pause": MAINTAIN,
    "resume": MAINTAIN,
}
MOST = 10  # commands of one comment that are followed
_LINE = re.compile(r"^/tagger\s+(\w+)(.*)$")


@dataclass(frozen=True)
class Command:
    """One command, with the labels named after it; `who` are the roles that may give it."""

    name: str
    labels: tuple[str, ...] = ()

    @property
    def who(self) -> tuple[str, ...]:
        """Return GitHub's roles whose holders may give it; nobody may give one that there is not."""
        return WHO.get(self.name, ())


def parse(body: str) -> list[Command]:
    """Return the commands of a comment, each on a line of its own, outside quotes and fenced blocks.

    Label names are separated by spaces; one with a space in it is put in quotes or back ticks.
    """
    found = []
    for line, fenced in fences.lines(body):
        said = _LINE.match(line) if not fenced else None
        if said:
            found.append(Command(said[1].lower(), _names(said[2])))
    return found


def _names(text: str) -> tuple[str, ...]:
    text = text.replace("`", '"')
    try:
        return tuple(shlex.split(text))
    except ValueError:  # a quotation mark without its other half
        return tuple(text.replace('"', " ").split())
