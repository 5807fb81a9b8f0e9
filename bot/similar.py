"""Which of some issues is most like a text, by the words that they share: a reason to give, not a prediction. Pure."""

import math
import re
from collections import Counter
from collections.abc import Sequence

MOST_WORDS = 400  # of a text that count
_WORD = re.compile(r"\w{3,}")


def most_similar(text: str, candidates: Sequence[tuple[int, str]]) -> int | None:
    """Return the number of the candidate, (number, text), most like the text; None where none shares a rare word.

    The measure is the cosine of the sets of words, each weighted by the logarithm of how rare it is among candidates.
    """
    told = [(number, _words(candidate)) for number, candidate in candidates]
    frequency = Counter(word for _, words in told for word in words)
    weight = {word: math.log((1 + len(told)) / count) for word, count in frequency.items()}
    asked = _words(text) & weight.keys()
    best, found = 0.0, None
    for number, words in told:
        shared = sum(weight[word] ** 2 for word in words & asked)
        cosine = shared / max(math.sqrt(sum(weight[word] ** 2 for word in words)), 1e-9)
        if cosine > best:
            best, found = cosine, number
    return found


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())[:MOST_WORDS])
