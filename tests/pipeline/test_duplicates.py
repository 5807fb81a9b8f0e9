from dataclasses import replace

import numpy as np
import pytest

from pipeline.duplicates import duplicate_groups
from pipeline.issues import Issue
from tests.pipeline.samples import issue

STORY = (
    "When I open a large file in the editor and scroll to its end, the window freezes for a minute, the fan starts, "
    "and after that every key I press shows up twice; it happened with the last two versions and only on my old laptop."
)
TEMPLATE = "### What happened?\n\n{}\n\n### What did you expect?\n\nPlease write down what you expected to happen.\n"


def grouped(*issues: Issue, similarity: float = 0.9) -> list[int]:
    groups: list[int] = duplicate_groups(issues, similarity=similarity).tolist()
    return groups


def noise(count: int, seed: int = 0) -> list[Issue]:
    """Return issues of random words, so that the terms of the others are rare among all."""
    random = np.random.default_rng(seed)
    texts = [" ".join(f"word{n}" for n in random.integers(0, 500, 40)) for _ in range(count)]
    return [issue(1000 + n, title=text[:30], body=text) for n, text in enumerate(texts)]


def test_the_same_text_again_is_a_duplicate_whatever_its_case_and_spaces() -> None:
    first = issue(1, title="Crash on start", body="It stops.\n")
    assert grouped(first, issue(2, title="crash  on start ", body="it STOPS."), issue(3)) == [0, 0, 1]


def test_a_few_other_words_in_a_long_text_are_a_near_duplicate() -> None:
    one = issue(1, title="Editor freezes at the end of a file", body=STORY)
    other = replace(one, number=2, body=STORY.replace("fan starts", "fan begins"))
    assert grouped(*noise(30), one, other)[-2:] == [30, 30]


def test_similarity_asked_for_decides() -> None:
    one, half = issue(1, title="Editor freezes", body=STORY), issue(2, title="Editor freezes", body=STORY[:110])
    assert len(set(grouped(*noise(30), one, half)[-2:])) == 2
    assert len(set(grouped(*noise(30), one, half, similarity=0.5)[-2:])) == 1


@pytest.mark.parametrize(("one", "other"), [("C", "C++"), ("Add dark mode", "Add dark modes"), ("", "?")])
def test_short_issues_that_differ_are_none(one: str, other: str) -> None:
    issues = [Issue(number=1, title=one), Issue(number=2, title=other)]
    assert grouped(*issues) == [0, 1]


def test_issues_that_share_the_template_only_are_none() -> None:
    stories = [" ".join(each.title.split()[:3]) for each in noise(12)]
    issues = [issue(n, title=f"Problem {n}", body=TEMPLATE.format(story)) for n, story in enumerate(stories)]
    assert grouped(*issues) == list(range(12))


def test_two_unfilled_templates_with_titles_of_their_own_are_none() -> None:
    empty = TEMPLATE.format("_No response_")
    titles = ["Crash when the printer is off", "Wrong colours after an update", *(f"Problem {n}" for n in range(8))]
    assert len(set(grouped(*(issue(n, title=title, body=empty) for n, title in enumerate(titles))))) == 10


def test_text_without_spaces_is_compared_sign_by_sign() -> None:
    body = "打开大文件并滚动到末尾时窗口会冻结一分钟然后每个按键都会出现两次只有在旧电脑上才会发生"
    one, near = issue(1, title="编辑器冻结", body=body), issue(2, title="编辑器冻结", body=body.replace("只有", "仅"))
    assert len(set(grouped(*noise(30), one, near)[-2:])) == 1


def test_a_chain_of_near_duplicates_is_one_group() -> None:
    longer = [STORY + " It also beeps." * n for n in range(3)]
    issues = [issue(n, title="Editor freezes at the end of a file", body=text) for n, text in enumerate(longer)]
    assert grouped(*noise(30), *issues)[-3:] == [30, 30, 30]


def test_no_issues_have_no_groups() -> None:
    assert duplicate_groups([]).shape == (0,)


def test_groups_are_the_same_each_time() -> None:
    issues = [*noise(60), *noise(60)]
    assert np.array_equal(duplicate_groups(issues), duplicate_groups(issues))
    assert grouped(*issues) == [*range(60), *range(60)]
