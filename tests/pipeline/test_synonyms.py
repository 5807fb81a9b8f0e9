import numpy as np

from pipeline.encoder import Vectors
from pipeline.synonyms import LEAST_TEXTS, MOST_WORDS, Synonyms, synonyms


def unit(*rows: list[float]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_nearest_words_come_first_and_a_word_is_no_synonym_of_itself() -> None:
    found = Synonyms(["crash", "fail", "manual", "guide"], unit([1, 0], [3, 1], [0, 1], [1, 3]), nearest=2)
    assert found.of("crash") == ["fail", "guide"]
    assert found.of("Manual") == ["guide", "fail"]


def test_unknown_word_has_no_synonyms() -> None:
    assert Synonyms(["crash", "fail"], unit([1, 0], [0, 1]), nearest=5).of("manual") == []


def test_a_word_alone_has_no_synonyms() -> None:
    assert Synonyms(["crash"], unit([1, 0]), nearest=5).of("crash") == []


def test_the_backbone_knows_what_words_mean() -> None:
    text = ["bug", "error", "car", "truck", "banana", "orange"]
    found = synonyms([text] * LEAST_TEXTS, nearest=1)
    assert {word: found.of(word) for word in ("bug", "car", "banana")} == {
        "bug": ["error"],
        "car": ["truck"],
        "banana": ["orange"],
    }


def test_vocabulary_has_no_numbers_and_no_word_of_a_single_text() -> None:
    found = synonyms([["Crash", "42", "once", "once"], ["crash", "42", "page"], ["page"]], nearest=3)
    assert found.words == ["crash", "page"]
    assert len(found.words) <= MOST_WORDS


def test_without_texts_no_word_has_synonyms() -> None:
    assert synonyms([], nearest=3).of("crash") == []
