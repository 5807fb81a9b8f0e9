"""Issues that say the same: exact and near duplicates, found in one pass over all issues."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

from pipeline.issues import Issue
from pipeline.templates import Boilerplate

LEAST_WORDS = 12  # of an issue that may be a near duplicate; shorter ones must be the same, letter by letter
TITLE_WEIGHT = 2
_FEATURES = 2**20
_BLOCK = 512  # issues compared with all others at a time
_ALONE = "぀-ヿ㐀-鿿가-힯"  # written without spaces: each sign is a word
_WORD = re.compile(f"[{_ALONE}]|[^\\W{_ALONE}]+")


@dataclass(frozen=True)
class Duplicate:
    """An issue that was removed, and the earlier one that says the same."""

    issue: Issue
    of: Issue


def duplicate_groups(issues: Sequence[Issue], *, similarity: float = 0.9) -> NDArray[np.int64]:
    """Return the group of each issue, (n,): the same number for those that say the same.

    Exact duplicates have the same title and body but for case and spaces. Near duplicates have `similarity` or more by
    the cosine of the TF-IDF of their words and pairs of words, the title's counted twice, the body's without the
    template (:class:`Boilerplate`, learnt from the issues given). Whatever is linked by a chain of them is one group.

    References
    ----------
    Broder (1997), doi:10.1109/SEQUEN.1997.666900, for documents as sets of runs of words. Deviations: weighted by
    log((1 + n) / df), so that what stands in many issues links none, and compared exactly rather than by sketches.
    """
    pairs = [*_exact(issues), *_near(issues, similarity)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    links = sparse.coo_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(issues), len(issues)))
    groups: NDArray[np.int32] = connected_components(links, directed=False)[1] if len(issues) else np.zeros(0, np.int32)
    return groups.astype(np.int64)


def _exact(issues: Sequence[Issue]) -> Iterator[tuple[int, int]]:
    """Yield the row of each issue that was there before, with that of its first likeness."""
    seen: dict[tuple[str, str], int] = {}
    for row, issue in enumerate(issues):
        earlier = seen.setdefault((_plain(issue.title), _plain(issue.body)), row)
        if earlier != row:
            yield earlier, row


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _near(issues: Sequence[Issue], similarity: float) -> Iterator[tuple[int, int]]:
    """Yield the rows of every two issues that are near duplicates, the earlier row first."""
    boilerplate = Boilerplate.learn((issue.body for issue in issues), keep_headings=False)
    words = [_words(issue, boilerplate) for issue in issues]
    rows = np.array([row for row, each in enumerate(words) if len(each) >= LEAST_WORDS], dtype=np.int64)
    if len(rows) < 2:
        return
    weights = _weights([words[row] for row in rows])  # (long issues, shared terms)
    for start in range(0, len(rows), _BLOCK):
        cosine = (weights[start : start + _BLOCK] @ weights.T).tocoo()  # (block, long issues)
        for left, right in zip(*_close(cosine, similarity), strict=True):
            if start + left < right:
                yield int(rows[start + left]), int(rows[right])


def _close(cosine: sparse.coo_matrix, similarity: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    close = cosine.data >= similarity - 1e-6
    return cosine.row[close], cosine.col[close]


def _words(issue: Issue, boilerplate: Boilerplate) -> list[str]:
    title = _WORD.findall(issue.title.casefold())
    return title * TITLE_WEIGHT + _WORD.findall(boilerplate.clean(issue.body).casefold())


def _weights(words: Sequence[list[str]]) -> sparse.csr_matrix:
    """Return TF-IDF rows of length one, less the terms of one issue only: they count for length, and match nothing."""
    counts = HashingVectorizer(
        analyzer=_terms, n_features=_FEATURES, alternate_sign=False, norm=None, dtype=np.float32
    ).transform(words)
    frequency = np.bincount(counts.indices, minlength=_FEATURES)  # (terms,)
    counts.data *= np.log((1 + len(words)) / frequency[counts.indices])
    length = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1))).clip(min=1e-9)  # (issues, 1)
    shared = counts.multiply(1 / length).tocsr()[:, np.flatnonzero(frequency > 1)]
    return shared.astype(np.float32)


def _terms(words: list[str]) -> list[str]:
    return words + [f"{one} {other}" for one, other in pairwise(words)]
