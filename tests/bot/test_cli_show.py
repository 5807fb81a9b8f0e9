"""What is shown while a command runs."""

import pytest

from bot.cli_show import EVERY, progress_bar


def test_without_a_terminal_a_line_is_written_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    moment = 0.0

    def clock() -> float:
        return moment

    with progress_bar(clock) as show:
        for done in range(100, 2_501, 100):
            show(done, 2_500, "predicting")
            moment += EVERY / 10
        show(0, 0, "reading, 7 issues so far")
        moment += EVERY
        show(0, 0, "reading, 8 issues so far")
    said = capsys.readouterr()
    lines = ["predicting, 1,100 of 2,500, after 10 s", "predicting, 2,100 of 2,500, after 20 s"]
    assert (said.out, said.err.splitlines()) == ("", [*lines, "reading, 8 issues so far, after 35 s"])


def test_what_is_done_soon_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(lambda: 0.0) as show:
        show(1, 2, "predicting")
    assert capsys.readouterr() == ("", "")
