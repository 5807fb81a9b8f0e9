import pytest

from pipeline.labels import read_labels, readable


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bug", "bug"),
        ("type:bug-fix", "type bug fix"),
        ("Build / CI", "Build CI"),
        ("good_first_issue", "good first issue"),
        ("needsTriage", "needs Triage"),
        ("module: linear_model", "module linear model"),
        ("文档", "文档"),
        ("🐛 bug", "🐛 bug"),
        ("API", "API"),
    ],
)
def test_name_is_spoken_as_words(name: str, words: str) -> None:
    assert readable(name) == words


def test_description_is_spoken_after_the_name() -> None:
    label, bare = read_labels(["type:bug", "docs"], {"type:bug": "Something isn't working"})
    assert label.text == "type bug: Something isn't working"
    assert bare.text == "docs"
