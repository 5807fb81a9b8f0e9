"""Lines of Markdown, and whether each stands in a fenced block, where nothing is a heading or a command. Pure."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_END = re.compile(r"\r\n|[\r\n]")  # of a line, to Markdown: unlike `splitlines`, no U+2028 and the like


def lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is in a fenced block; the line that opens one is, the one that closes it not."""
    fence = ""
    for line in _END.split(text):
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not mark[2].strip())):
            fence = "" if fence else mark[1]
        yield line, bool(fence)
