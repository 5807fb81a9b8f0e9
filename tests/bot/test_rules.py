"""Rules: labels that patterns call for."""

import time

import pytest

from bot.repo_config import Rule
from bot.rules import form_answers, labels_of

FORM = """### Operating system

Windows 11

### Log

```
### Operating system
Linux
```

### Agreed

- [X] yes
"""


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (Rule("x", title="seg.?fault"), True),
        (Rule("x", title="^fault"), False),
        (Rule("x", body="^windows"), True),
        (Rule("x", title="segfault", body="macos"), False),
        (Rule("x", answers={"operating System": "windows"}), True),
        (Rule("x", answers={"Operating system": "linux"}), False),
        (Rule("x", answers={"Operating system": "windows", "Log": "Linux"}), True),
        (Rule("x", answers={"Browser": "."}), False),
    ],
)
def test_rule_holds_where_all_its_patterns_are_found(rule: Rule, holds: bool) -> None:
    assert labels_of([rule], "Segfault on start", FORM) == (["x"] if holds else [])


def test_label_of_several_rules_is_named_once_in_their_order() -> None:
    rules = [Rule("b", title="a"), Rule("a", title="a"), Rule("b", title="b")]
    assert labels_of(rules, "ab", "") == ["b", "a"]


def test_pattern_that_takes_too_long_is_not_found() -> None:
    begun = time.monotonic()
    assert labels_of([Rule("x", body="(a|aa)+$"), Rule("y", body="a")], "", "a" * 5_000 + "b") == ["y"]
    assert time.monotonic() - begun < 20


def test_rules_that_take_too_long_together_are_given_up() -> None:
    slow, begun = Rule("x", body="^(?:x|x)+$"), time.monotonic()
    assert labels_of([Rule("z", body="x"), *[slow] * 200, Rule("y", body="x")], "", "x" * 5_000 + "!") == ["z"]
    assert time.monotonic() - begun < 20


def test_pattern_that_is_nested_too_deeply_is_not_found() -> None:
    assert labels_of([Rule("x", title="(" * 500 + "a" + ")" * 500), Rule("y", title="a")], "a", "") == ["y"]


def test_answers_of_a_form_are_found_by_heading() -> None:
    assert form_answers(FORM) == {
        "operating system": "Windows 11",
        "log": "```\n### Operating system\nLinux\n```",
        "agreed": "- [X] yes",
    }
    assert form_answers("no form") == {}
