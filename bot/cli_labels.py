"""Label names as they are given on the command line."""

import difflib
from collections.abc import Iterable

from bot.errors import BotError

MOST_NAMED = 20  # labels that there are


class ArgumentError(BotError):
    """What was given on the command line cannot be used."""

    reason = "argument"


def choose_labels(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the labels named in a text, separated by commas; ArgumentError if one is not among those known."""
    by_lower = {name.lower(): name for name in known}
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in by_lower.values()]
    if unknown or not names:
        raise ArgumentError(f"--labels: {'; '.join(_unknown(name, by_lower) for name in unknown) or 'it names none'}")
    return names


def _unknown(name: str, by_lower: dict[str, str]) -> str:
    return f"there is no such label {name!r}: {_similar(name, by_lower)}"


def _similar(name: str, by_lower: dict[str, str]) -> str:
    close = [by_lower[each] for each in difflib.get_close_matches(name.lower(), by_lower, n=3)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    if not by_lower:
        return "there are none"
    some = ", ".join(map(repr, list(by_lower.values())[:MOST_NAMED]))
    more = f" and {len(by_lower) - MOST_NAMED} more" if len(by_lower) > MOST_NAMED else ""
    return f"there are {some}{more}; a name with a comma in it cannot be given"
