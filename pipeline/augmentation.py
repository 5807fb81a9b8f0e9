"""Say an issue in other words: augmenters by words. Those that need a language model are in :mod:`pipeline.rewriting`.

An augmenter first reads a corpus, which needs no label, and then makes one copy of each issue that it is given. Words
of title and body are changed; all that stands between them, every mark and line, is kept, as are the labels.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder import BUNDLED
from pipeline.issues import Issue
from pipeline.synonyms import synonyms

Random = np.random.Generator
Counts = NDArray[np.float64]

WORD = re.compile(r"([^\W_]+)")


class Augmenter(Protocol):
    """A maker of copies. What it learned of a corpus has a trailing underscore."""

    def fit(self, corpus: Sequence[Issue]) -> Self:
        """Learn what is needed of issues' texts; labels are not looked at."""
        ...

    def augment(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        """Return a copy of each issue in other words, in the order given."""
        ...


@dataclass
class Perturbation:
    """Replace words by synonyms, insert synonyms, swap words and delete words, each at its rate.

    A word's synonyms are those words of the corpus that the backbone finds most like it, see :mod:`pipeline.synonyms`.

    Parameters
    ----------
    replaced, inserted, swapped, deleted : float
        Probability, for each word, of that change.
    nearest : int
        Synonyms of a word, any of which is taken with the same probability.
    backbone : str
        The encoder's checkpoint, see :func:`pipeline.encoder.load_encoder`.

    References
    ----------
    Wei & Zou (2019), EDA, doi:10.18653/v1/D19-1670: the four changes, all at 0.1. Deviations: one copy has all four
    instead of one; each word is drawn by itself instead of a fixed number of words; a synonym is inserted beside its
    word instead of anywhere; synonyms by embedding instead of WordNet, and stop words have them too.
    """

    replaced: float = 0.1
    inserted: float = 0.1
    swapped: float = 0.1
    deleted: float = 0.1
    nearest: int = 5
    backbone: str = BUNDLED

    def fit(self, corpus: Sequence[Issue]) -> Self:
        """Collect the words from which synonyms are taken."""
        texts = (words_of(text_of(issue)) for issue in corpus)
        self.synonyms_ = synonyms(texts, nearest=self.nearest, backbone=self.backbone)
        return self

    def augment(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        """Return a perturbed copy of each issue."""
        return [
            replace(issue, title=self._perturb(issue.title, random), body=self._perturb(issue.body, random))
            for issue in issues
        ]

    def _perturb(self, text: str, random: Random) -> str:
        words = words_of(text)
        if not words:
            return text
        chances = np.array([self.replaced, self.inserted, self.swapped, self.deleted])
        hits = random.random((len(words), 4)) < chances  # (words, changes)
        hits[int(random.integers(len(words))), 3] = False  # one word stays
        for one in np.flatnonzero(hits[:, 2]).tolist():
            other = int(random.integers(len(words)))
            words[one], words[other] = words[other], words[one]
        changed = [self._change(word, hit, random) for word, hit in zip(words, hits.tolist(), strict=True)]
        return with_words(text, changed)

    def _change(self, word: str, hit: Sequence[bool], random: Random) -> str:
        replaced, inserted, _, deleted = hit
        kept = self._synonym(word, random) if replaced else word
        added = f" {self._synonym(word, random)}" if inserted else ""
        return added if deleted else kept + added

    def _synonym(self, word: str, random: Random) -> str:
        known = self.synonyms_.of(word)
        return known[int(random.integers(len(known)))] if known else word


@dataclass
class TfIdfReplacement:
    """Replace words that carry little, by words that carry little; keep those that tell what an issue is about.

    Of an issue's words x_i, with TFIDF(x_i) = TF(x_i) IDF(x_i), TF counted in the issue and IDF(w) = log(N / df(w)) in
    the corpus, each is replaced with probability min(rate (C - TFIDF(x_i)) / Z, 1), where C is the largest TFIDF in
    the issue and Z the mean of C - TFIDF(x_i) over its words. The word put there is drawn from the vocabulary with
    probability (max S - S(w)) / Z', where S(w) = freq(w) IDF(w) over the corpus and Z' makes them sum to one.

    Parameters
    ----------
    rate : float
        Mean probability that a word is replaced.

    References
    ----------
    Xie et al. (2020), Unsupervised Data Augmentation for Consistency Training, appendix "TF-IDF based word replacing".
    Deviations: title and body are one text, so that the title's words are weighed against all others; a word that the
    corpus does not have counts as one that a single issue has.
    """

    rate: float = 0.3

    def fit(self, corpus: Sequence[Issue]) -> Self:
        """Count in how many issues each word is, and how often it is there in all."""
        texts = [[word.lower() for word in words_of(text_of(issue))] for issue in corpus]
        frequency = Counter(word for text in texts for word in text)
        issues = Counter(word for text in texts for word in set(text))
        self.rarest_ = float(np.log(max(len(texts), 1)))
        self.idf_ = {word: self.rarest_ - float(np.log(count)) for word, count in issues.items()}
        self.vocabulary_ = sorted(frequency)
        self.chance_ = _uninformative(np.array([frequency[word] * self.idf_[word] for word in self.vocabulary_]))
        return self

    def augment(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        """Return a copy of each issue with words replaced."""
        return [self._replaced(issue, random) for issue in issues]

    def _replaced(self, issue: Issue, random: Random) -> Issue:
        words = words_of(text_of(issue))
        if not self.vocabulary_:
            return issue
        hit = np.flatnonzero(random.random(len(words)) < self._chances([word.lower() for word in words]))
        drawn = random.choice(len(self.vocabulary_), size=len(hit), p=self.chance_)
        for at, word in zip(hit.tolist(), drawn.tolist(), strict=True):
            words[at] = self.vocabulary_[word]
        return rewritten(issue, words)

    def _chances(self, words: Sequence[str]) -> Counts:
        """Return the probability of each word of a text to be replaced, (words,)."""
        often = Counter(words)
        score = np.array([often[word] * self.idf_.get(word, self.rarest_) for word in words])
        room = score.max(initial=0) - score
        mean = room.mean() if len(words) else 0.0
        return np.minimum(self.rate * room / mean, 1) if mean else np.zeros(len(words))


def _uninformative(scores: Counts) -> Counts:
    room = scores.max(initial=0) - scores
    return room / room.sum() if room.sum() else np.full(len(scores), 1 / max(len(scores), 1))


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return WORD.split(text)[1::2]


def with_words(text: str, words: Sequence[str]) -> str:
    """Return a text with other words in the places of its own, and all else as it was."""
    pieces = WORD.split(text)
    pieces[1::2] = words
    return "".join(pieces)


def text_of(issue: Issue) -> str:
    """Return title and body as one text."""
    return f"{issue.title}\n{issue.body}"


def rewritten(issue: Issue, words: Sequence[str]) -> Issue:
    """Return an issue with other words in the places of those of its :func:`text_of`."""
    title = len(words_of(issue.title))
    return replace(issue, title=with_words(issue.title, words[:title]), body=with_words(issue.body, words[title:]))
