"""What a repository's issue templates put into every body, learnt from the bodies themselves, and taken out again."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipeline.issues import clean_body, without_comments

SHARE = 0.01  # of the bodies that a line must stand in,
LEAST, MOST = 5, 15  # but no fewer than the one, and no more than the other
LEAST_WORDS = 4  # of a line that is no heading: shorter ones are answers, such as macOS, or code

_HEADING = re.compile(r"#{1,6}[ \t]+\S|\*\*[^*\n]{1,200}\*\*:?$|__[^_\n]{1,200}__:?$")
_FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")
_NOTHING = frozenset({"", "_no response_", "no response", "n/a"})


@dataclass(frozen=True)
class Boilerplate:
    """The lines of a repository's issue templates: its headings, and the text that asks to be replaced.

    Parameters
    ----------
    headings, lines : frozenset of str
        As they stand, but for case and surrounding spaces.
    keep_headings : bool
        Leave the headings that somebody wrote something under. They tell which template was chosen: without them, a
        linear model of scikit-learn's older issues fell from 0.80 to 0.75 in average precision (ohmyzsh .76 to .73).
    """

    headings: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    keep_headings: bool = True

    @classmethod
    def learn(cls, bodies: Iterable[str], *, keep_headings: bool = True) -> Self:
        """Return what stands in 1 % of the bodies (5 to 15 of them), code blocks and HTML comments aside."""
        seen: Counter[str] = Counter()
        count = 0
        for body in bodies:
            count += 1
            seen.update({_key(line) for line, code in _lines(body) if not code})
        least = min(max(LEAST, SHARE * count), MOST)
        common = [line for line, bodies_with in seen.items() if bodies_with >= least and line not in _NOTHING]
        headings = frozenset(line for line in common if _HEADING.match(line))
        rest = [line for line in common if line not in headings]
        text = frozenset(line for line in rest if len(re.findall(r"\w+", line)) >= LEAST_WORDS)
        return cls(headings, text, keep_headings)

    def clean(self, body: str) -> str:
        """Return what a person wrote: :func:`clean_body` without the template, and of addresses the host."""
        return clean_body("\n".join(self._kept(body)), hosts=True)

    def as_json(self) -> dict[str, Any]:
        """Return what was learnt as JSON takes it."""
        return {"headings": sorted(self.headings), "lines": sorted(self.lines), "keep_headings": self.keep_headings}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what :meth:`as_json` gave."""
        return cls(frozenset(stored["headings"]), frozenset(stored["lines"]), bool(stored["keep_headings"]))

    def _kept(self, body: str) -> Iterator[str]:
        for heading, lines in _sections(body):
            own = [line for line, code in lines if code or _key(line) not in self.lines]
            keys = {_key(line) for line in own if not _FENCE.match(line)}
            filled = bool(keys - _NOTHING)
            if self._keep(heading, filled=filled, answered=keys <= {""}):
                yield heading
            if filled:
                yield from own

    def _keep(self, heading: str, *, filled: bool, answered: bool) -> bool:
        """Tell whether a heading stays: with something under it, or a person's own that somebody left bare."""
        if _key(heading) in self.headings:
            return filled and self.keep_headings
        return filled or answered


def _sections(body: str) -> Iterator[tuple[str, Sequence[tuple[str, bool]]]]:
    """Yield each heading, the first one empty, and the lines under it with whether they are of a code block."""
    heading: str = ""
    lines: list[tuple[str, bool]] = []
    for line, code in _lines(body):
        if not code and _HEADING.match(line.strip()):
            yield heading, lines
            heading, lines = line, []
        else:
            lines.append((line, code))
    yield heading, lines


def _lines(body: str) -> Iterator[tuple[str, bool]]:
    """Yield each line with whether it is inside of a code block; the fences themselves are not."""
    fence = ""
    for line in without_comments(body).splitlines():
        found = _FENCE.match(line)
        if found and fence in ("", found[1]):
            fence = "" if fence else found[1]
            yield line, False
        else:
            yield line, bool(fence)


def _key(line: str) -> str:
    return " ".join(line.split()).lower()
