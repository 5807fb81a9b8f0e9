"""Lines of Markdown: what ends one, and which of them stand in a fenced block."""

import pytest

from bot import commands, fences


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("a\n```\nb\n```\nc", ["a", "```", "c"]),
        ("```\n```js\nb\n```\nc", ["```", "c"]),
        ("````\n```\nb\n`````  \nc", ["`````  ", "c"]),
        ("~~~ a`b\n```\nb\n~~~\nc", ["~~~", "c"]),
        ("```a``` b\nc", ["```a``` b", "c"]),
        ("```\nb", []),
        ("a\r\nb\rc\u2028d\x0be", ["a", "b", "c\u2028d\x0be"]),
    ],
)
def test_lines_outside_of_fenced_blocks(text: str, outside: list[str]) -> None:
    assert [line for line, fenced in fences.lines(text) if not fenced] == outside


@pytest.mark.parametrize("text", ["> hello\u2028/tagger undo\n\nWhat do you mean?", "```\n```js\n/tagger undo\n```"])
def test_what_is_quoted_or_fenced_is_no_command(text: str) -> None:
    assert commands.parse(text) == []
