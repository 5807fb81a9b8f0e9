"""A repository's own configuration: where it is found, what it changes, and who is told of its mistakes."""

import pytest

from bot import in_force, sync
from bot.models import Delivery as Row
from bot.models import Mode, Prediction, Work
from bot.repo_config import OLD_PATH, PATH
from bot.serving import precision_targets
from tests.bot.usecases import ASK, BOTH, CRASH, TYPO, Tagger, say
from tests.standin.endpoints import LARGEST_SHOWN
from tests.standin.fixtures import NAME
from tests.standin.state import PERMISSIONS

OWNERS = "octo/.github"


def push(tagger: Tagger, text: str, *, name: str = NAME, path: str = PATH, branch: str = "main") -> str:
    """Let the maintainer push a file, and handle that; return the commit."""
    sha = tagger.github.people.push(name, {path: text.encode()}, branch=branch)
    tagger.catch_up()
    return sha


def labels(tagger: Tagger, title: str, **more: str) -> set[str]:
    return tagger.issue(tagger.open(title, **more)).names()


def comment(tagger: Tagger, number: int) -> str:
    return "".join(each.body for each in tagger.issue(number).comments)


# --- where it is found


def test_push_puts_it_in_force_and_the_commit_says_so(taught: Tagger) -> None:
    taught.enrol(mode=Mode.APPLY)
    sha = push(taught, "mode: shadow\n")
    assert in_force.mode(taught.repo, taught.context.settings) is Mode.APPLY, (
        "what the operator set for this repository goes first"
    )
    taught.enrol(mode=None)
    assert in_force.mode(taught.repo, taught.context.settings) is Mode.SHADOW
    assert taught.repo.config_path == f"{NAME}/{PATH}"
    assert taught.github.world.find(NAME).statuses == [(sha, "success", "in force")]


def test_names_that_fit_no_label_are_told(taught: Tagger) -> None:
    text = "labels: {exclude: [BUG, bugg]}\ngroups: {doc*: one, aria/*: one}\nrules: [{label: crash, title: x}]\n"
    sha = push(taught, text)
    said = "in force, but no label is called aria/*, bugg, crash"
    assert taught.github.world.find(NAME).statuses == [(sha, "success", said)]


def test_mistake_is_told_with_its_line_and_the_last_good_one_stays(taught: Tagger) -> None:
    push(taught, "most_labels: 1\n")
    sha = push(taught, "most_labels: 1\n\nmoode: apply\n")
    told = f"{NAME}/{PATH}, line 3: there is no setting 'moode' in the file; did you mean 'mode'?"
    assert taught.repo.config_problems == [told]
    assert in_force.config(taught.repo).most_labels == 1
    line = told.removeprefix(f"{NAME}/{PATH}, ")
    assert taught.github.world.find(NAME).statuses[-1] == (sha, "failure", line)
    push(taught, "moode: apply\nlabls: []\n")
    assert (
        taught.github.world.find(NAME).statuses[-1][2].endswith("did you mean 'mode'? … and 1 more, on the dashboard")
    )
    push(taught, f"{'m' * 200}: apply\nlabls: []\n")
    assert taught.github.world.find(NAME).statuses[-1][2].endswith("mmm … and 1 more, on the dashboard")
    push(taught, "most_labels: 2\n")
    assert taught.repo.config_problems is None
    assert in_force.config(taught.repo).most_labels == 2


def test_file_that_github_does_not_show_is_a_mistake_and_not_an_empty_one(taught: Tagger) -> None:
    taught.enrol(mode=None)
    push(taught, "mode: shadow\n")
    push(taught, "mode: apply\n" + "#" * LARGEST_SHOWN)
    told = f"{NAME}/{PATH}, line 1: the file has 1,048,588 bytes, too many for GitHub to show"
    assert taught.repo.config_problems == [told]
    assert in_force.mode(taught.repo, taught.context.settings) is Mode.SHADOW


def test_deleted_file_is_out_of_force(taught: Tagger) -> None:
    push(taught, "most_labels: 1\n")
    taught.github.people.push(NAME, {PATH: None})
    taught.catch_up()
    assert (taught.repo.config, taught.repo.config_path) == (None, None)
    assert in_force.config(taught.repo).most_labels is None


@pytest.mark.parametrize(("path", "branch"), [("README.md", "main"), (PATH, "feature")])
def test_other_pushes_are_none_of_our_business(taught: Tagger, path: str, branch: str) -> None:
    push(taught, "mode: nonsense\n", path=path, branch=branch)
    assert (taught.repo.config, taught.repo.config_problems) == (None, None)
    assert taught.github.world.find(NAME).statuses == []


def test_owners_repository_is_the_fallback_and_its_push_reaches_all(taught: Tagger) -> None:
    taught.github.world.add_repository(OWNERS)
    push(taught, "most_labels: 3\n", name=OWNERS)
    assert taught.repo.config_path == f"{OWNERS}/{PATH}"
    assert in_force.config(taught.repo).most_labels == 3
    push(taught, "most_labels: 5\n")
    assert in_force.config(taught.repo).most_labels == 5, "its own goes first"


def test_file_of_issue_label_bot_counts_where_there_is_no_other(taught: Tagger) -> None:
    push(taught, "predicted-labels: [bug]\n", path=OLD_PATH)
    assert in_force.config(taught.repo).include == ("bug",)
    push(taught, "labels: {include: [question]}\n")
    assert in_force.config(taught.repo).include == ("question",)


def test_pull_reads_it_too(taught: Tagger) -> None:
    taught.github.world.find(NAME).files[PATH] = b"most_labels: 4\n"
    sync.pull(taught.context, taught.repo)
    assert in_force.config(taught.repo).most_labels == 4


def test_missing_permission_is_told_and_stops_nothing(taught: Tagger) -> None:
    installation = taught.github.world.installations[taught.repo.installation_id]
    installation.permissions = {"issues": "write", "metadata": "read"}
    sync.pull(taught.context, taught.repo)
    assert taught.repo.config_problems == [f"{PATH} cannot be read: the App lacks the permission to read contents"]
    installation.permissions = {**PERMISSIONS, "statuses": "none"}
    push(taught, "most_labels: 4\n")
    assert in_force.config(taught.repo).most_labels == 4, "the status alone could not be set"


# --- what it changes


def test_excluded_labels_are_neither_put_on_nor_suggested_nor_learnt(taught: Tagger) -> None:
    push(taught, "labels: {exclude: [BUG]}\n")
    number = taught.open(BOTH)
    assert taught.issue(number).names() == set()
    assert "`question`" in comment(taught, number)
    assert "bug" not in taught.guesses(number)


def test_labels_that_start_a_workflow_are_only_suggested(taught: Tagger) -> None:
    push(taught, "labels: {suggest_only: [bug]}\n")
    number = taught.open(CRASH)
    assert taught.issue(number).names() == set()
    assert "`bug`" in comment(taught, number)


def test_at_most_so_many_labels_come_from_the_bot(taught: Tagger) -> None:
    push(taught, "most_labels: 1\n")
    number = taught.open(BOTH)
    assert taught.issue(number).names() == {"bug"}
    assert comment(taught, number) == ""


def test_of_a_group_one_label_at_most_is_put_on_or_suggested(taught: Tagger) -> None:
    push(taught, 'groups: {bug: never, "*": one}\n')
    number = taught.open(BOTH)
    assert taught.issue(number).names() == set()
    assert "`question`" in comment(taught, number)
    push(taught, 'groups: {"*": one}\n')
    assert comment(taught, taught.open(BOTH)) == "", "the label that was put on is the one"


def test_authors_left_alone_get_no_prediction(taught: Tagger) -> None:
    push(taught, 'ignore: {authors: ["*[bot]"], associations: [MEMBER]}\n')
    assert labels(taught, CRASH, author="renovate[bot]") == set()
    assert labels(taught, CRASH, author="maintainer") == set()
    assert labels(taught, CRASH, author="reporter") == {"bug"}


def test_rule_puts_its_label_on_whatever_the_model_thinks(taught: Tagger) -> None:
    push(taught, "rules:\n  - {label: Question, title: crash}\n  - {label: no such label, title: crash}\n")
    number = taught.open(f"{TYPO} crash")
    assert "question" in taught.issue(number).names()
    assert taught.guesses(number)["question"].by_rule
    assert not taught.guesses(number)["documentation"].by_rule


def test_rule_is_told_as_such_where_labels_are_only_suggested(taught: Tagger) -> None:
    push(taught, "mode: suggest\nrules:\n  - {label: question, body: howto}\n")
    taught.enrol(mode=None)
    number = taught.open(CRASH, body="howto")
    assert "`question` — by a rule of this repository's configuration" in comment(taught, number)


def test_rule_that_spells_a_label_otherwise_is_still_about_that_label(taught: Tagger) -> None:
    push(taught, "rules:\n  - {label: BUG, title: zork}\n  - {label: Bug, title: zork}\n")
    number = taught.open("zork")
    assert {guess.label for guess in taught.guesses(number).values() if guess.by_rule} == {"bug"}
    taught.clock.move(minutes=1)
    taught.github.people.label(NAME, number, "documentation")
    taught.catch_up()
    say(taught, number, "/tagger undo")
    assert taught.issue(number).names() == {"bug", "documentation"}, "who labels an issue confirms what is there"


def test_precision_follows_the_operator_then_the_file_then_the_default(taught: Tagger) -> None:
    push(taught, "precision: {apply: 0.5, suggest: 0.4}\n")
    targets = precision_targets(taught.repo, taught.context.settings)
    assert (targets.apply, targets.suggest) == (0.5, 0.4)
    taught.enrol(apply_precision=0.3)
    targets = precision_targets(taught.repo, taught.context.settings)
    assert (targets.apply, targets.suggest) == (0.3, 0.3), "what is suggested need not be surer than what is applied"


def test_meaning_of_a_label_helps_the_cold_start(tagger: Tagger) -> None:
    assert tagger.open(ASK)
    push(tagger, "labels: {readable: {wontfix: {name: a crash, description: crash traceback segfault}}}\n")
    assert in_force.config(tagger.repo).meaning("WontFix") == "a crash: crash traceback segfault"


def test_comment_is_in_the_language_of_the_repository(taught: Tagger) -> None:
    push(taught, "language: de\n")
    assert "`question` — zu " in comment(taught, taught.open(ASK))


# --- people go first


def test_what_is_written_waits_so_long(taught: Tagger) -> None:
    push(taught, "delay_minutes: 2\n")
    number = taught.open(CRASH)
    assert taught.issue(number).names() == set()
    taught.clock.move(seconds=119)
    taught.go_on()
    assert taught.issue(number).names() == set()
    taught.clock.move(seconds=1)
    taught.go_on()
    assert taught.issue(number).names() == {"bug"}
    (prediction,) = taught.rows(Prediction)
    assert (prediction.number, prediction.written_at) == (number, taught.clock.at)


def test_what_a_person_labels_meanwhile_is_left_alone(taught: Tagger) -> None:
    push(taught, "delay_minutes: 2\n")
    number = taught.open(CRASH)
    taught.github.people.label(NAME, number, "question")
    taught.catch_up()
    taught.clock.move(minutes=2)
    taught.go_on()
    assert taught.issue(number).names() == {"question"}
    assert taught.prediction(number).not_written == "a person has labelled the issue already"


def test_of_two_predictions_that_wait_the_newer_one_is_written(taught: Tagger) -> None:
    push(taught, "delay_minutes: 2\n")
    number = taught.open(CRASH)
    taught.clock.move(minutes=1)
    taught.github.people.edit(NAME, number, title=TYPO)
    taught.catch_up()
    taught.clock.move(minutes=2)
    taught.go_on()
    assert taught.issue(number).names() == {"documentation"}
    assert [each.written_at is None for each in taught.rows(Prediction, number=number)] == [True, False]


@pytest.mark.parametrize("text", ["mode: shadow\n", "labels: {exclude: [bug]}\n"])
def test_what_waits_is_written_by_the_configuration_of_now(taught: Tagger, text: str) -> None:
    push(taught, "delay_minutes: 2\n")
    number = taught.open(CRASH)
    push(taught, text)
    taught.clock.move(minutes=3)
    taught.go_on()
    assert taught.issue(number).names() == set()
    assert not taught.rows(Row, status=Work.QUEUED)


def test_issue_closed_while_it_waits_is_labelled_when_it_is_reopened(taught: Tagger) -> None:
    push(taught, "delay_minutes: 2\n")
    number = taught.open(CRASH)
    taught.github.people.close(NAME, number)
    taught.catch_up()
    taught.clock.move(minutes=3)
    taught.go_on()
    for minutes in (0, 3):
        taught.clock.move(minutes=minutes)
        taught.github.people.reopen(NAME, number)
        taught.catch_up()
        taught.clock.move(minutes=3)
        taught.go_on()
        assert taught.issue(number).names() == {"bug"}
        taught.github.people.close(NAME, number)
        taught.catch_up()
    assert len(taught.rows(Prediction, number=number)) == 2, "what was written on is not predicted again"


def test_time_that_an_issue_waits_does_not_count_as_an_outage(taught: Tagger) -> None:
    push(taught, "delay_minutes: 2880\n")
    number = taught.open(CRASH)
    taught.clock.move(days=2)
    taught.github.fail_next(10**6, "502", "/issues/1$")
    for _ in range(6):
        taught.go_on()
        taught.clock.move(minutes=10)
    taught.github.heal()
    taught.go_on()
    assert taught.issue(number).names() == {"bug"}
