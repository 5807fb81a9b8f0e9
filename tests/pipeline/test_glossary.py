import pytest

from pipeline.glossary import BACKGROUND, ELSEWHERE, PROCESS, meaning, plain
from pipeline.labels import Label, read_labels


def means(name: str, description: str = "") -> tuple[str, ...]:
    (label,) = read_labels([name], {name: description})
    return meaning(label).phrasings


@pytest.mark.parametrize("name", ["bug", "Bug", "type: bug", "kind/bug", "🐛 bug", "T-bug", "[Bug]", "type:bug-report"])
def test_usual_label_is_known_however_it_is_written(name: str) -> None:
    assert means(name) == means("bug")
    assert len(means(name)) > 3


@pytest.mark.parametrize(
    "name", ["enhancement", "Docs", "question", "Build / CI", "perf", "RFC", "a11y", "CI/CD", "test"]
)
def test_usual_labels_are_in_the_glossary(name: str) -> None:
    assert len(means(name)) >= 3


def test_label_of_a_component_has_the_words_of_the_component() -> None:
    assert means("module:linear_model") == ("linear model", "an issue about linear model")
    assert meaning(Label("module:tree", "module tree")).share == ELSEWHERE


def test_description_is_one_more_phrasing() -> None:
    assert means("bug", "Something isn't working") == (*means("bug"), "Something isn't working")
    assert means("flux", "About the flux compensator")[1] == "About the flux compensator"


@pytest.mark.parametrize(
    "name", ["good first issue", "needs triage", "wontfix", "status: blocked", "Priority: high", "stale"]
)
def test_label_about_handling_is_hardly_ever_expected(name: str) -> None:
    assert meaning(read_labels([name])[0]).share == PROCESS


@pytest.mark.parametrize("name", ["ошибка", "バグ", "🐛", "type", "::", "c++"])
def test_every_name_has_a_phrasing(name: str) -> None:
    assert all(means(name))


def test_share_is_a_share() -> None:
    usual = [meaning(label) for label in read_labels(["bug", "feature", "docs", "question", "api", "security", "x"])]
    assert all(0 < each.share < 0.5 for each in usual)
    assert max(usual, key=lambda each: each.share).nouns[0] == "bug"


def test_words_lose_symbols_and_categories_but_never_all_of_them() -> None:
    assert plain("area: type docs") == "docs"
    assert plain("type") == "type"
    assert plain("🐛 Bug!") == "bug"


def test_no_invented_issue_is_there_twice() -> None:
    assert len(set(BACKGROUND)) == len(BACKGROUND) > 40
