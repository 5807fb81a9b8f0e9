"""Old issues are labelled only where a maintainer asks for it by name: first shown, then queued, then written once."""

import re
from datetime import timedelta

import pytest

from bot.models import BACKFILL, Mode, Prediction, Work
from bot.models import Delivery as Row
from tests.bot.backfills import ask, names, rows, work, wrote
from tests.bot.usecases import START, Tagger
from tests.standin.fixtures import NAME

OWN = {"config_path": f"{NAME}/.github/issue-tagger.yml"}
Capture = pytest.CaptureFixture[str]


def test_nothing_old_is_written_on_by_itself(old: Tagger) -> None:
    work(old)
    assert (old.writes(), names(old)) == ([], [set(), set(), set(), {"question"}, set()])


def test_without_write_it_only_shows(old: Tagger, capsys: Capture) -> None:
    before = len(old.github.log)
    assert ask() == 0
    out = capsys.readouterr().out
    told = {number: re.sub(r" \d+%", "", would) for number, would in rows(out).items()}
    assert told == {"#1": "put on bug", "#2": "put on bug, suggest question", "#5": "put on documentation"}
    assert all(re.search(r" \d+%", would) for would in rows(out).values())
    assert "octo/demo, apply mode: 3 issues would get 4 labels, of 4 that nobody has labelled" in out
    assert re.search(r"^bug +put on +2 +100% \(on 20 predictions\)$", out, re.MULTILINE)
    assert re.search(r"^question +suggested +1 +100% \(on 8 predictions\)$", out, re.MULTILINE)
    assert out.endswith("Nothing was written. To have it done: --write\n")
    work(old)
    assert (len(old.github.log), old.rows(Row, event=BACKFILL), old.rows(Prediction)) == (before, [], [])


def test_precision_of_a_label_is_known_under_its_new_name(old: Tagger, capsys: Capture) -> None:
    old.clock.move(minutes=1)
    old.github.people.rename_label(NAME, "bug", "defect")
    old.catch_up()
    ask()
    assert re.search(r"^defect +put on +2 +100% \(on 20 predictions\)$", capsys.readouterr().out, re.MULTILINE)


def test_with_write_it_is_done_as_shown_and_once(old: Tagger, capsys: Capture) -> None:
    assert ask("--write") == 0
    assert "3 issues queued" in capsys.readouterr().out
    work(old)
    assert names(old) == [{"bug"}, {"bug"}, set(), {"question"}, {"documentation"}]
    assert [len(old.issue(number).comments) for number in range(1, 6)] == [0, 1, 0, 0, 0]
    assert {row.status for row in old.rows(Row, event=BACKFILL)} == {Work.DONE}
    writes = len(old.writes())
    assert ask("--write") == 0
    assert "0 issues would get 0 labels, of 1 " in capsys.readouterr().out
    work(old)
    assert len(old.writes()) == writes


def test_asked_twice_at_once_an_issue_is_queued_once(old: Tagger, capsys: Capture) -> None:
    ask("--write")
    ask("--write")
    out = capsys.readouterr().out
    assert "3 issues that were asked for before still wait.\n0 issues queued" in out
    assert len(old.rows(Row, event=BACKFILL)) == 3


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--labels", "bug"], {"#1": "bug", "#2": "bug"}),
        (["--labels", "question,documentation"], {"#2": "question", "#5": "documentation"}),
        (["--open-only"], {"#1": "bug", "#2": "bug question"}),
        (["--since", (START - timedelta(days=18)).isoformat()], {"#2": "bug question", "#5": "documentation"}),
    ],
)
def test_it_can_be_narrowed_down_and_so_is_what_is_written(
    old: Tagger, capsys: Capture, more: list[str], expected: dict[str, str]
) -> None:
    ask(*more, "--write")
    found = {
        number: " ".join(re.findall("bug|documentation|question", would))
        for number, would in rows(capsys.readouterr().out).items()
    }
    assert found == expected
    work(old)
    written = {f"#{p.number}": [g.label for g in old.guesses(p.number).values() if g.written] for p in wrote(old)}
    assert {number: " ".join(sorted(labels)) for number, labels in written.items()} == expected


# --- the rules for new issues


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("labels: {exclude: [bug]}", {"#2": "suggest question", "#5": "put on documentation"}),
        ("labels: {suggest_only: [bug]}", {"#1": "suggest bug", "#2": "suggest bug, suggest question"}),
        ("groups: {'*u*': one}", {"#1": "put on bug", "#2": "put on bug", "#5": "put on documentation"}),
        ("most_labels: 1", {"#1": "put on bug", "#2": "put on bug", "#5": "put on documentation"}),
        ("mode: suggest", {"#1": "suggest bug", "#2": "suggest bug, suggest question"}),
        ("ignore: {authors: [reporter]}", {}),
        ("rules: [{label: question, title: lorem}]", {"#3": "put on question (rule)"}),
    ],
)
def test_old_issues_go_by_the_rules_for_new_ones(
    old: Tagger, capsys: Capture, config: str, expected: dict[str, str]
) -> None:
    old.enrol(config=config, mode=None if "mode" in config else Mode.APPLY, **OWN)
    ask("--write")
    told = {number: re.sub(r" \d+%", "", would) for number, would in rows(capsys.readouterr().out).items()}
    if "exclude" in config or "rules" in config:
        assert expected.items() <= told.items()
    elif "suggest_only" in config:
        assert told == {**expected, "#5": "put on documentation"}
    else:
        assert told == expected
    work(old)
    for number in range(1, 6):
        would = told.get(f"#{number}", "")
        put_on = set(re.findall(r"put on (\w+)", would)) | ({"question"} if number == 4 else set())
        assert old.issue(number).names() == put_on
        assert len(old.issue(number).comments) == ("suggest" in would)


def test_what_people_do_before_its_turn_comes_counts(old: Tagger) -> None:
    ask("--write")
    old.github.people.label(NAME, 1, "documentation")
    old.github.people.close(NAME, 2)
    old.github.people.delete(NAME, 5)
    work(old)
    assert names(old)[:2] == [{"documentation"}, {"bug"}]
    assert old.issue(2).comments == [], "on a closed issue nobody is asked"
    assert "a person has labelled" in (old.prediction(1).not_written or "")
    assert {row.status for row in old.rows(Row, event=BACKFILL)} == {Work.DONE}


def test_issues_of_associations_that_are_left_alone_are_left_alone(old: Tagger) -> None:
    old.enrol(config="ignore: {associations: [NONE]}", **OWN)
    ask("--write")
    work(old)
    assert old.writes() == []


@pytest.mark.parametrize("why", ["paused", "shadow", "no model"])
def test_where_nothing_may_be_written_nothing_is_queued(old: Tagger, capsys: Capture, why: str) -> None:
    changed = {"paused": {"paused_at": START}, "shadow": {"mode": Mode.SHADOW}, "no model": {"champion_id": None}}
    old.enrol(**changed[why])
    assert ask("--write") == 2
    assert why in capsys.readouterr().err
    assert old.rows(Row, event=BACKFILL) == []
