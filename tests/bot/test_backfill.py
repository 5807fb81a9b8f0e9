"""Old issues are labelled only where a maintainer asks for it by name: first shown, then queued, then written once."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from bot import backfill, handling, scheduler, sync
from bot.cli import main
from bot.database import Database
from bot.models import BACKFILL, Mode, Prediction, Work
from bot.models import Delivery as Row
from tests.bot.usecases import BOTH, CRASH, START, TYPO, Tagger
from tests.standin import Delivery
from tests.standin.fixtures import NAME

OWN = {"config_path": f"{NAME}/.github/issue-tagger.yml"}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def old(taught: Tagger, monkeypatch: pytest.MonkeyPatch) -> Tagger:
    """A bot that applies, on a repository with a past: 1 to 3 and 5 bear no label, 4 is a person's, 5 is closed."""
    for number, text in enumerate((CRASH, BOTH, "lorem ipsum", CRASH, TYPO), start=1):
        at = START - timedelta(days=20 - number)
        taught.github.people.open_issue(NAME, f"{text} {number}", at=at)
    taught.github.people.label(NAME, 4, "question", at=START - timedelta(days=10))
    taught.github.people.close(NAME, 5, at=START - timedelta(days=10))
    taught.seen |= {each.id for each in taught.github.webhooks.sent}
    taught.clock.move(minutes=10)
    sync.pull(taught.context, taught.repo)
    settings = taught.context.settings
    monkeypatch.setattr("bot.settings.load", lambda: settings)
    for module in ("bot.cli_operator", "bot.cli_backfill"):
        monkeypatch.setattr(f"{module}.context_of", lambda settings: taught.context)
        monkeypatch.setattr(f"{module}.require_database", lambda settings: taught.context.database)
    return taught


def ask(*more: str) -> int:
    return main([BACKFILL, "--repo", NAME, *more])


def rows(out: str) -> dict[str, str]:
    """Return what the command said would be written, by issue."""
    return {line.split()[0]: line.rpartition("  ")[2] for line in out.splitlines() if line.startswith("#")}


def work(tagger: Tagger, *, minutes: int = 2, step: int = 10) -> None:
    """Let scheduler and worker do what is due, every `step` seconds."""
    for _ in range(minutes * 60 // step):
        calls: list[str | int] = []
        scheduler.sweep(tagger.context, call_worker=calls.append, call_trainer=calls.append)
        for key in calls:
            handling.handle(tagger.context, str(key))
        tagger.clock.move(seconds=step)
    tagger.catch_up()


def names(tagger: Tagger) -> list[set[str]]:
    return [tagger.issue(number).names() for number in range(1, 6)]


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


def wrote(tagger: Tagger) -> list[Prediction]:
    return [each for each in tagger.rows(Prediction) if each.written_at]


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


def test_undo_calls_off_what_still_waits(old: Tagger, capsys: Capture) -> None:
    ask("--write")
    handling.handle(old.context, old.rows(Row, event=BACKFILL)[0].id)
    assert main(["undo", "--repo", NAME, "--since", "2026-01-01"]) == 0
    assert "2 issues that still waited for a backfill called off" in capsys.readouterr().out
    old.clock.move(minutes=1)
    work(old)
    assert names(old) == [set(), set(), set(), {"question"}, set()]


def test_label_that_was_asked_for_is_known_under_its_new_name(old: Tagger) -> None:
    ask("--labels", "bug", "--write")
    old.clock.move(seconds=1)
    old.github.people.rename_label(NAME, "bug", "defect")
    old.github.people.rename_label(NAME, "documentation", "bug")
    old.catch_up()
    work(old)
    assert names(old) == [{"defect"}, {"defect"}, set(), {"question"}, set()]


def test_old_issue_remains_one_when_its_text_changes(old: Tagger) -> None:
    ask("--labels", "question", "--write")
    work(old)
    old.clock.move(minutes=1)
    old.github.people.edit(NAME, 2, body="one more word")
    old.catch_up()
    assert "bug" not in old.issue(2).names()


def test_a_pause_calls_off_what_still_waits(old: Tagger) -> None:
    ask("--write")
    old.enrol(paused_at=START)
    work(old)
    assert (old.writes(), old.rows(Prediction)) == ([], [])


# --- kills, limits, undo


def test_undo_takes_it_back_and_it_is_not_done_again(old: Tagger, capsys: Capture) -> None:
    since = old.clock.at
    ask("--write")
    work(old)
    assert main(["undo", "--repo", NAME, "--since", since.isoformat()]) == 0
    assert "4 taken back, on 3 issues" in capsys.readouterr().out
    old.catch_up()
    assert names(old) == [set(), set(), set(), {"question"}, set()]
    assert [each.comments for each in (old.issue(1), old.issue(2))] == [[], []]
    ask("--write")
    assert "0 issues would get" in capsys.readouterr().out


def test_worker_killed_after_each_write_goes_on_without_writing_twice(
    old: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, kills = type(old.context.gateway(old.repo)), []

    def killing(write: Callable[..., object]) -> Callable[..., object]:
        def write_and_die(self: object, number: int, what: object) -> object:
            done = write(self, number, what)
            if (number, write.__name__) not in kills:
                kills.append((number, write.__name__))
                raise SystemExit("killed before anything of it was recorded")
            return done

        return write_and_die

    for write in (gateway.add_labels, gateway.create_comment):
        monkeypatch.setattr(gateway, write.__name__, killing(write))
    ask("--write")
    for _ in range(12):  # each one a life of the worker
        with suppress(SystemExit):
            work(old, minutes=1)
    assert sorted(kills) == [(1, "add_labels"), (2, "add_labels"), (2, "create_comment"), (5, "add_labels")]
    assert names(old) == [{"bug"}, {"bug"}, set(), {"question"}, {"documentation"}]
    assert len(old.issue(2).comments) == 1
    assert len([each for number in (1, 2, 5) for each in old.issue(number).events if each.event == "labeled"]) == 3
    assert {row.status for row in old.rows(Row, event=BACKFILL)} == {Work.DONE}


def test_answer_that_got_lost_is_no_reason_to_write_twice(old: Tagger) -> None:
    ask("--write")
    for path in ("/issues/1/labels$", "/issues/2/labels$", "/issues/2/comments$"):
        old.github.fail_next(1, "cut", path, method="POST")  # it is done, but we are not told
    work(old)
    assert names(old) == [{"bug"}, {"bug"}, set(), {"question"}, {"documentation"}]
    assert len(old.issue(2).comments) == 1
    put_on = [event for number in (1, 2, 5) for event in old.issue(number).events if event.event == "labeled"]
    assert len(put_on) == 3


def test_no_more_is_written_than_github_takes(old: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ((1, timedelta(minutes=1)), (2, timedelta(hours=1)))
    monkeypatch.setattr(backfill, "LIMITS", limits)
    ask("--write")
    with old.context.database.write() as session:  # as after a night without a worker: all are due at once
        for row in session.query(Row).filter_by(event=BACKFILL):
            row.due_at = old.clock.at
    work(old, minutes=90, step=120)
    times = [each.written_at for each in wrote(old)]
    assert len(times) == 3
    assert times[1] - times[0] >= timedelta(minutes=1)
    assert times[2] - times[0] >= timedelta(hours=1)


def test_limits_are_those_that_github_names_with_two_acts_an_issue() -> None:
    assert [(2 * most, span) for most, span in backfill.LIMITS] == [
        (pytest.approx(70, abs=10), timedelta(minutes=1)),
        (pytest.approx(480, abs=20), timedelta(hours=1)),
    ]
    assert timedelta(hours=1) / backfill.APART <= 240


def test_issues_come_one_after_the_other(old: Tagger) -> None:
    ask("--write")
    due = [row.due_at for row in old.rows(Row, event=BACKFILL)]
    assert [each - due[0] for each in sorted(due)] == [place * backfill.APART for place in range(3)]
    assert [row.received_at for row in old.rows(Row, event=BACKFILL)] == due, "waiting for a turn is no outage"


def test_nobody_on_githubs_side_can_ask_for_it(old: Tagger) -> None:
    old.receive(Delivery(BACKFILL, {"repository": {"id": old.repo.id}, BACKFILL: {"number": 1}}))
    assert [row.status for row in old.rows(Row, event=BACKFILL)] == [Work.IGNORED]


def test_figures_of_the_dashboard_are_of_new_issues_only(old: Tagger, database: Database) -> None:
    from bot.dashboard import queries

    ask("--write")
    work(old)
    new = old.open(CRASH)
    with database.read() as session:
        assert [each.number for each in queries.judged(session, [old.repo.id])[old.repo.id]] == [new]
