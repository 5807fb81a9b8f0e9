r"""How often a regular expression counts out what it repeats, as `x{1000}` does: reading it takes time for each. Pure.

Counts within each other, as in `(?:x{9}){9}`, are multiplied, those beside each other added. Where that is hard to
tell, as with spaces and comments in the pattern, or sets in sets, all are multiplied, which is never too little.
"""

import math
import re

_HARD = re.compile(r"\(\?(?:#|[A-Za-z0-9-]*[xV])")  # comments, and what changes how the rest is to be read
_COUNT = r"\{([0-9\s#]*)"  # (?x) lets spaces, and comments from # on, stand between digits
_TOKEN = re.compile(rf"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|{_COUNT}|.", re.DOTALL)


def repeats(pattern: str, most: int) -> int:
    """Return how often a pattern repeats things; more than `most` also for a count that cannot be read."""
    counted = None if _HARD.search(pattern) else _nested(pattern, most)
    return math.prod(_count(each, most) for each in re.findall(_COUNT, pattern)) if counted is None else max(1, counted)


def _nested(pattern: str, most: int) -> int | None:
    """Return the same by groups; None where it is hard to tell where these end."""
    groups, last = [0], 0  # sums of the groups that are open, and what the last item, which a count is for, has added
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text == "(":
            groups.append(0)
        elif text == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif text == ")" or (text[0] == "[" and "[" in text[1:]):
            return None
        elif text[0] == "{":
            repeated = max(1, last) * _count(token[1], most)
            groups[-1], last = groups[-1] + repeated - last, repeated
        elif text not in "?*+":
            last = 0
    return groups[0] if len(groups) == 1 else None


def _count(digits: str, most: int) -> int:
    return max(1, most + 1 if "#" in digits else int("".join(digits.split()) or 0))
