"""Keep scikit-learn's text vectorizers without pickle: vocabularies as JSON, weights as safetensors."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer


def words(vectorizer: CountVectorizer) -> list[str]:
    """Return the terms of a fitted vectorizer in the order of its columns."""
    return [str(term) for term in vectorizer.get_feature_names_out()]


def save_words(file: Path, vocabularies: dict[str, list[str]]) -> None:
    """Write vocabularies, by name, as JSON."""
    file.write_text(json.dumps(vocabularies))  # escaped: half an emoji is no UTF-8


def load_words(file: Path) -> dict[str, list[str]]:
    """Read what :func:`save_words` wrote."""
    loaded: dict[str, list[str]] = json.loads(file.read_text())
    return loaded


def restore_tfidf(options: dict[str, Any], terms: Sequence[str], idf: NDArray[np.float32]) -> TfidfVectorizer:
    """Return a TF-IDF vectorizer as it was when fitted."""
    vectorizer = TfidfVectorizer(vocabulary=list(terms), **options)
    vectorizer.idf_ = idf
    return vectorizer
