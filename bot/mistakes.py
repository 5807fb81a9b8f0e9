"""What the schema finds wrong with a configuration, in words for people: where, what it is, what was expected. Pure."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from bot.safe_yaml import Lines, Problem

SHOWN = 40  # characters of a value that is wrong
TYPES = {
    "array": "a list, such as [bug, docs]",
    "object": "a block of names, each with a colon and a value",
    "string": "text; put it in quotes",
    "number": "a number",
    "integer": "a whole number",
}
LIMITS: Mapping[str, Callable[[Any, Any], str]] = {
    "minimum": lambda limit, value: f"is {value}, and must be {limit:,} or more",
    "maximum": lambda limit, value: f"is {value}, and must be {limit:,} or less",
    "exclusiveMinimum": lambda limit, value: f"is {value}, and must be above {limit:,}",
    "exclusiveMaximum": lambda limit, value: f"is {value}, and must be below {limit:,}{_share(value)}",
    "minLength": lambda limit, value: "is empty",
    "maxLength": lambda limit, value: f"has {len(value):,} characters; {limit:,} are the most",
    "maxItems": lambda limit, value: f"has {len(value):,} entries; {limit:,} are the most",
    "maxProperties": lambda limit, value: f"has {len(value):,} entries; {limit:,} are the most",
}


def explain(error: ValidationError, lines: Lines) -> Iterator[Problem]:
    """Yield what is wrong by an error of the schema; one is told for each setting that there is not."""
    place = tuple(error.absolute_path)
    schema: Any = error.schema
    instance: Any = error.instance
    line, where = lines.get(place, 1), ".".join(map(str, place)) or "the file"
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        for name in sorted(instance.keys() - known.keys()):
            yield Problem(
                lines.get((*place, name), line), f"there is no setting {name!r} in {where}{_near(name, known)}"
            )
    elif said := _told(error):
        yield Problem(line, f"{where} {said}")


def _told(error: ValidationError) -> str:
    """Return what is wrong with a value; empty where another error tells it."""
    schema: Any = error.schema
    instance: Any = error.instance
    needed: Any = error.validator_value
    if error.validator == "required":
        return f"lacks {', '.join(sorted({*needed} - instance.keys()))}"
    if error.validator == "minProperties":
        lacking = {*schema.get("required", ())} - instance.keys()
        return "" if lacking else "needs a pattern, such as title: crash"
    if error.validator in ("type", "enum") and isinstance(instance, bool):
        return f"is {instance} to YAML; put words such as on, off, yes and no in quotes"
    if error.validator == "enum":
        return f"is {_value(instance)}{_near(instance, needed)}"
    if error.validator == "type":
        expected = needed if isinstance(needed, str) else needed[0]
        return f"is {_value(instance)}, and must be {TYPES[expected]}"
    return LIMITS[str(error.validator)](needed, instance)


def _value(value: object) -> str:
    """Return in few words what a value is."""
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a block of names" if isinstance(value, dict) else "a list"
    told = repr(value) if isinstance(value, str) else str(value)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]} …"


def _share(value: float) -> str:
    return f"; {value} % is {value / 100:g}" if 1 < value <= 100 else ""


def _near(name: object, known: Iterable[str]) -> str:
    """Return what may have been meant, whatever its case; if nothing is like it, all that there is."""
    spelling = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name[:SHOWN].lower(), spelling, n=1) if isinstance(name, str) else []
    return f"; did you mean {spelling[close[0]]!r}?" if close else f"; there are: {', '.join(sorted(known))}"
