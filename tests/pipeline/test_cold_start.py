import numpy as np

from pipeline.cold_start import FLOOR, ColdStart
from pipeline.issues import Issue

LABELS = ("documentation", "dark-mode", "performance")


def score(*issues: Issue, descriptions: dict[str, str] | None = None) -> np.ndarray:
    return ColdStart(LABELS, descriptions or {}).score(issues)


def test_scores_are_between_0_and_1_with_a_column_a_label() -> None:
    scores = score(Issue(number=1, title="Slow"), Issue(number=2, title="日本語 🙂", body="\ud83d"))
    assert scores.shape == (2, 3)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_issue_is_nearest_to_the_label_it_speaks_of() -> None:
    scores = score(
        Issue(number=1, title="Typos in the documentation", body="The docs of the install page are wrong."),
        Issue(number=2, title="Please add a dark mode", body="The white background hurts."),
        Issue(number=3, title="Performance is slow", body="Loading takes minutes, performance got worse."),
    )
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_what_is_plainly_said_is_worth_a_suggestion_and_what_is_not_is_not() -> None:
    plain, vague = score(
        Issue(number=1, title="Add a dark mode", body="Dark mode please"), Issue(number=2, title="Hello", body="Thanks")
    )
    assert plain.max() >= FLOOR > vague.max()


def test_description_says_what_a_name_does_not() -> None:
    issue = Issue(number=1, title="The program crashes with a traceback", body="It stops with an error.")
    names = ("A", "B")
    described = ColdStart(names, {"B": "Crashes and errors of the program"}).score([issue])[0]
    assert described[1] > described[0] + 0.2
    assert described[1] > ColdStart(names, {}).score([issue])[0, 1]


def test_descriptions_of_other_labels_do_not_matter() -> None:
    issue = Issue(number=1, title="Slow", body="Loading takes minutes")
    assert np.array_equal(score(issue), score(issue, descriptions={"gone": "A label that is no more"}))


def test_no_labels_and_no_issues_have_no_scores() -> None:
    assert ColdStart((), {}).score([Issue(number=1, title="Title")]).shape == (1, 0)
    assert score().shape == (0, 3)
