import json
import time

import pytest

from pipeline.templates import Boilerplate

FILLED = """### Describe the bug

The {} fails.

### Steps

```python
run()
```

### Version

_No response_
"""
EMPTY = "### Describe the bug\n\nPlease describe it in a few words.\n\n### Version\n\n{}\n"
PARTS = ("editor", "terminal", "browser", "parser", "printer", "menu")


@pytest.fixture(scope="module")
def learnt() -> Boilerplate:
    return Boilerplate.learn([*map(FILLED.format, PARTS), *map(EMPTY.format, PARTS)])


def test_headings_and_text_that_many_bodies_share_are_learnt(learnt: Boilerplate) -> None:
    assert learnt.headings == {"### describe the bug", "### steps", "### version"}
    assert learnt.lines == {"please describe it in a few words."}


def test_heading_with_no_response_goes_altogether(learnt: Boilerplate) -> None:
    assert learnt.clean(FILLED.format("clock")) == "### Describe the bug The clock fails. ### Steps run()"


def test_unfilled_text_goes_with_its_heading(learnt: Boilerplate) -> None:
    assert learnt.clean(EMPTY.format("2.0")) == "### Version 2.0"
    assert learnt.clean(EMPTY.format("\n  \r\n")) == ""


def test_filled_headings_go_too_where_asked_for() -> None:
    learnt = Boilerplate.learn(map(FILLED.format, PARTS), keep_headings=False)
    assert learnt.clean(FILLED.format("clock")) == "The clock fails. run()"


def test_answers_that_many_give_stay(learnt: Boilerplate) -> None:
    bodies = [f"### System\n\nmacOS\n\n{part} is slow" for part in PARTS]
    assert Boilerplate.learn(bodies).clean(bodies[0]) == "### System macOS editor is slow"


def test_bold_lines_are_headings() -> None:
    bodies = [f"**To reproduce**\n\n{part}\n\n**Additional context**\n" for part in PARTS]
    assert Boilerplate.learn(bodies).clean(bodies[0]) == "**To reproduce** editor"


def test_code_that_many_bodies_share_is_no_template() -> None:
    bodies = [f"```\nimport numpy as np and more\n# a comment\n```\n{part}" for part in PARTS]
    assert Boilerplate.learn(bodies) == Boilerplate()


def test_heading_inside_of_code_is_left_alone(learnt: Boilerplate) -> None:
    assert learnt.clean("~~~\n### Version\n```\n~~~") == "### Version ```"


def test_empty_code_block_does_not_fill_a_heading(learnt: Boilerplate) -> None:
    assert learnt.clean("### Steps\n\n```shell\n```\n\n### Version\n1") == "### Version 1"


def test_a_heading_of_ones_own_stays_unless_answered_with_no_response(learnt: Boilerplate) -> None:
    assert learnt.clean("## My plan\n## Step one\nWait.\n## Rest\n_No response_") == "## My plan ## Step one Wait."


@pytest.mark.parametrize("count", [0, 1, 4])
def test_fewer_than_five_bodies_teach_nothing(count: int) -> None:
    assert Boilerplate.learn([FILLED.format("editor")] * count) == Boilerplate()


def test_line_counts_once_a_body() -> None:
    assert Boilerplate.learn(["please read the manual first\n" * 9, "other"]) == Boilerplate()


def test_addresses_are_folded_to_their_host(learnt: Boilerplate) -> None:
    body = "See https://www.example.org/a?b=1, [this](https://docs.example.org/x) and ![it](https://pictures.org/a.png)"
    assert learnt.clean(body) == "See example.org [this]( docs.example.org and"


def test_what_was_learnt_survives_json(learnt: Boilerplate) -> None:
    assert Boilerplate.from_json(json.loads(json.dumps(learnt.as_json()))) == learnt


@pytest.mark.parametrize(
    "piece", ["\n", "# ", "# a\n", "**", "**a**\n", "**a", "```\n", "~~~\n# a\n", "<!--", "  at a"]
)
def test_no_body_keeps_learning_and_cleaning_busy(piece: str, learnt: Boilerplate) -> None:
    body = piece * (64_000 // len(piece))
    begun = time.process_time()
    Boilerplate.learn([body])
    learnt.clean(body)
    assert time.process_time() - begun < 1.0
