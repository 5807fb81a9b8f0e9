"""Words that mean about the same, by the backbone: no thesaurus, no download, any language that the backbone knows."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.encoder import BUNDLED, Vectors, load_encoder

MOST_WORDS = 8_000  # about ten seconds the first time; the encoder remembers them
LEAST_TEXTS = 2  # that a synonym is in: what a single issue has is a name or a typing error


class Synonyms:
    """The nearest words of each word, within a vocabulary.

    Parameters
    ----------
    words : sequence of str
        In lower case.
    vectors : array
        (words, dimensions), of length one.
    nearest : int
        How many synonyms a word has.
    """

    def __init__(self, words: Sequence[str], vectors: Vectors, *, nearest: int) -> None:
        self.words = list(words)
        self._row = {word: row for row, word in enumerate(words)}
        self._vectors = vectors
        self._nearest = min(nearest, max(len(self.words) - 1, 0))
        self._found: dict[str, list[str]] = {}

    def of(self, word: str) -> list[str]:
        """Return the synonyms of a word, nearest first; none if it is not in the vocabulary."""
        word = word.lower()
        if word not in self._found:
            self._found[word] = self._find(word) if word in self._row else []
        return self._found[word]

    def _find(self, word: str) -> list[str]:
        likeness = self._vectors @ self._vectors[self._row[word]]  # (words,)
        likeness[self._row[word]] = -np.inf
        return [self.words[row] for row in np.argsort(-likeness, kind="stable")[: self._nearest]]


def synonyms(texts: Iterable[Sequence[str]], *, nearest: int, backbone: str = BUNDLED) -> Synonyms:
    """Return the synonyms among the words of some texts, each given as its words, by their embeddings' cosine.

    The vocabulary has the words that two texts or more have, numbers left out, the most frequent ones first.
    """
    count = Counter(word for text in texts for word in {word.lower() for word in text})
    ranked = sorted((-texts, word) for word, texts in count.items() if texts >= LEAST_TEXTS and not word.isnumeric())
    words = [word for _, word in ranked[:MOST_WORDS]]
    return Synonyms(words, load_encoder(backbone).embed(words), nearest=nearest)
