from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.augmentation import (
    Augmenter,
    Perturbation,
    TfIdfReplacement,
    rewritten,
    text_of,
    with_words,
    words_of,
)
from pipeline.issues import Issue
from tests.pipeline.samples import issue, labelled

CORPUS = labelled(24)
NEW = [issue(100, "bug"), issue(101, "docs"), issue(102)]

each_augmenter = pytest.mark.parametrize("make", [Perturbation, TfIdfReplacement])


def copies(augmenter: Augmenter, issues: list[Issue], seed: int = 0) -> list[Issue]:
    return augmenter.augment(issues, np.random.default_rng(seed))


def only(**rates: float) -> Perturbation:
    """Return an augmenter with one of the changes."""
    return Perturbation(**{"replaced": 0, "inserted": 0, "swapped": 0, "deleted": 0, **rates})  # type: ignore[arg-type]


@each_augmenter
def test_copies_have_other_words_and_the_same_labels(make: Callable[[], Augmenter]) -> None:
    found = copies(make().fit(CORPUS), CORPUS)
    assert [each.labels for each in found] == [each.labels for each in CORPUS]
    assert [each.number for each in found] == [each.number for each in CORPUS]
    assert sum(text_of(copy) != text_of(each) for copy, each in zip(found, CORPUS, strict=True)) > len(CORPUS) / 2


@each_augmenter
def test_title_and_body_are_both_changed(make: Callable[[], Augmenter]) -> None:
    found = copies(make().fit(CORPUS), CORPUS)
    for part in ("title", "body"):
        assert any(getattr(copy, part) != getattr(each, part) for copy, each in zip(found, CORPUS, strict=True))


@each_augmenter
def test_the_same_seed_makes_the_same_copies_and_another_others(make: Callable[[], Augmenter]) -> None:
    first, again, other = (copies(make().fit(CORPUS), CORPUS, seed) for seed in (3, 3, 4))
    assert first == again != other


@each_augmenter
def test_labels_of_the_corpus_are_not_read(make: Callable[[], Augmenter]) -> None:
    bare = [Issue(number=each.number, title=each.title, body=each.body) for each in CORPUS]
    assert copies(make().fit(bare), NEW) == copies(make().fit(CORPUS), NEW)


@each_augmenter
@pytest.mark.parametrize("text", ["", "?", "half an emoji \ud83d", "\x00", "日本語 падает", "word " * 500])
def test_strange_text_is_copied(make: Callable[[], Augmenter], text: str) -> None:
    strange = Issue(number=1, title=text, body=text)
    assert len(copies(make().fit([*CORPUS, strange]), [strange])) == 1
    assert len(copies(make().fit([]), [strange])) == 1


@each_augmenter
def test_no_issues_have_no_copies(make: Callable[[], Augmenter]) -> None:
    assert copies(make().fit(CORPUS), []) == []


def test_what_stands_between_words_is_kept() -> None:
    text = "Fails:\n```python\nfit(x_1)\n```"
    assert words_of(text) == ["Fails", "python", "fit", "x", "1"]
    assert with_words(text, ["a", "b", "c", "d", "e"]) == "a:\n```b\nc(d_e)\n```"


def test_words_of_an_issue_go_back_to_title_and_body() -> None:
    before = Issue(number=1, title="One two", body="three\nfour", labels=("bug",))
    after = rewritten(before, [word.upper() for word in words_of(text_of(before))])
    assert after == Issue(number=1, title="ONE TWO", body="THREE\nFOUR", labels=("bug",))


def test_words_are_replaced_by_synonyms_only() -> None:
    augmenter = only(replaced=1).fit(CORPUS)
    [copy] = copies(augmenter, [issue(1, "bug", title="manual unheard")])
    word, unheard = words_of(copy.title)
    assert word in augmenter.synonyms_.of("manual")
    assert unheard == "unheard"


def test_synonyms_are_inserted_beside_their_word() -> None:
    augmenter = only(inserted=1).fit(CORPUS)
    [copy] = copies(augmenter, [issue(1, title="manual")])
    first, second = words_of(copy.title)
    assert first == "manual"
    assert second in augmenter.synonyms_.of("manual")


def test_swapping_keeps_every_word() -> None:
    before = issue(1, "bug")
    [copy] = copies(only(swapped=1).fit(CORPUS), [before])
    assert copy.body != before.body
    assert sorted(words_of(copy.body)) == sorted(words_of(before.body))


def test_deletion_leaves_a_word() -> None:
    [copy] = copies(only(deleted=1).fit(CORPUS), [issue(1, "bug")])
    assert len(words_of(copy.title)) == len(words_of(copy.body)) == 1


def test_each_change_happens_about_as_often_as_asked() -> None:
    long = issue(1, title="t", body="manual " * 4000)
    [copy] = copies(only(deleted=0.1).fit(CORPUS), [long])
    assert len(words_of(copy.body)) == pytest.approx(3600, abs=60)
    [copy] = copies(only(replaced=0.1).fit(CORPUS), [long])
    assert sum(word != "manual" for word in words_of(copy.body)) == pytest.approx(400, abs=60)


def said(*texts: str) -> list[Issue]:
    return [Issue(number=n, title=text) for n, text in enumerate(texts)]


def test_chance_of_a_word_to_be_replaced_is_that_of_the_paper() -> None:
    augmenter = TfIdfReplacement(rate=0.3).fit(said("the crash", "the page", "the page", "the menu"))
    scores = np.array([0, np.log(4 / 1), np.log(4 / 2)])  # of: the, crash, page
    room = scores.max() - scores
    expected = np.minimum(0.3 * room / room.mean(), 1)
    assert augmenter._chances(["the", "crash", "page"]) == pytest.approx(expected)


def test_word_that_is_drawn_is_one_that_carries_little_in_the_whole_corpus() -> None:
    augmenter = TfIdfReplacement().fit(said("the crash", "the page page", "the page", "the menu"))
    score = {"the": 0.0, "crash": np.log(4), "page": 3 * np.log(2), "menu": np.log(4)}
    room = {word: max(score.values()) - each for word, each in score.items()}
    expected = [room[word] / sum(room.values()) for word in augmenter.vocabulary_]
    assert augmenter.chance_ == pytest.approx(expected)


def test_the_word_that_tells_most_stays() -> None:
    augmenter = TfIdfReplacement(rate=0.9).fit(said(*["the page of the menu"] * 20, "crash"))
    before = said("the page of the menu crash")
    kept: Counter[str] = Counter()
    for seed in range(50):
        kept.update(set(words_of(copies(augmenter, before, seed)[0].title)) & {"crash", "page"})
    assert kept["crash"] == 50
    assert kept["page"] < 50


def test_text_of_words_that_tell_alike_is_left_alone() -> None:
    before = said("crash menu")
    assert copies(TfIdfReplacement().fit(said("crash", "menu")), before) == before


def test_mean_chance_of_the_words_is_the_rate() -> None:
    augmenter = TfIdfReplacement(rate=0.2).fit(said("the crash", "the page", "the page", "the menu"))
    assert augmenter._chances(["the", "page", "menu", "crash"]).mean() == pytest.approx(0.2)
