"""What a repository does with labels by itself is read from its files: which labels start a workflow."""

import time
from collections.abc import Callable

import pytest

from bot import automations
from bot.models import Mode
from tests.bot.test_acts import FORMS, WORKFLOWS, pull
from tests.bot.usecases import BOTH, CRASH, Tagger
from tests.standin.fixtures import NAME


def workflow(condition: str, on: str = "issues: {types: [labeled]}") -> bytes:
    return f"on: {{{on}}}\njobs:\n  a:\n    if: {condition}\n    steps: [{{run: x}}]\n".encode()


def triggers(tagger: Tagger, *contents: bytes) -> list[str]:
    files = tagger.github.world.find(NAME).files
    files |= {f"{WORKFLOWS}/{place}.yml": content for place, content in enumerate(contents)}
    pull(tagger)
    assert tagger.repo.automations is not None
    return list(tagger.repo.automations["triggers"])


def triggers_after(tagger: Tagger, act: Callable[[], object]) -> list[str]:
    """Return them a day later, when something else has changed."""
    act()
    tagger.catch_up()
    tagger.clock.move(days=1)
    pull(tagger)
    assert tagger.repo.automations is not None
    return list(tagger.repo.automations["triggers"])


def test_a_label_that_starts_a_workflow_is_suggested_and_never_put_on(taught: Tagger) -> None:
    assert triggers(taught, workflow("github.event.label.name == 'Bug'")) == ["Bug"]
    number = taught.open(CRASH)
    assert taught.issue(number).names() == set()
    assert "`bug`" in taught.issue(number).comments[0].body


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("${{ github.event.label.name == 'bug' && true }}", ["bug"]),
        ("${{ 'bug' == github.event.label.name || github.event.label.name=='b c' }}", ["b c", "bug"]),
        ("contains(github.event.issue.labels.*.name, 'deploy')", ["deploy"]),
        ("startsWith(github.event.label.name, 'run-')", ["run-*"]),
        ("contains(github.event.label.name, 'deploy') && x", ["*deploy*"]),
        ("endsWith( github.event.label.name,'-now')", ["*-now"]),
        ("""contains(fromJSON('["a", "b"]'), github.event.label.name)""", ["a", "b"]),
        ("github.event.issue.title == 'bug'", []),
        ("GitHub.Event.Label.Name == 'bug' && startswith(github.event.label.name, 'run-')", ["bug", "run-*"]),
        ("github.event.label['name'] == 'bug' || (github.event.label.name) == ('b c')", ["b c", "bug"]),
        ("github.event.label.name == 'don''t merge'", ["don't merge"]),
        ("contains('bug, run-ci', github.event.label.name)", ["bug", "bug, run-ci", "run-ci"]),
        ("contains(join(github.event.issue.labels.*.name), 'bug')", ["bug"]),
        ("format('{0}', github.event.label.name) == 'bug'", ["bug"]),
    ],
)
def test_conditions_name_labels(tagger: Tagger, condition: str, names: list[str]) -> None:
    assert triggers(tagger, workflow(condition)) == names


@pytest.mark.parametrize(
    ("on", "runs"),
    [
        ("issues: {types: [opened]}", False),
        ("issues: ", True),
        ("pull_request: {types: [labeled]}", False),
        ("push: , issues: {types: [opened, labeled]}", True),
    ],
)
def test_only_workflows_that_run_on_labelled_issues_count(tagger: Tagger, on: str, runs: bool) -> None:
    assert triggers(tagger, workflow("github.event.label.name == 'bug'", on)) == (["bug"] if runs else [])


def test_files_that_cannot_be_read_are_passed_over(tagger: Tagger) -> None:
    bomb = b"a: &a [x]\nb: [*a, *a]\non: issues\n"
    assert triggers(tagger, b"\xff: [", b"[" * 1000, bomb, b"just text", b"", b"on: [issues]\njobs: 3\n") == []


def test_files_that_no_database_takes_and_no_number_holds_are_passed_over(tagger: Tagger) -> None:
    files = tagger.github.world.find(NAME).files
    files |= {f"{FORMS}/1.yml": b'labels: ["\\U00110000"]\n', f"{FORMS}/2.yml": b'labels: ["\\uD800", bug]\n'}
    assert triggers(tagger, b'on: "\\U00110000"\n', b"%YAML 1." + b"9" * 5_000 + b"\n---\non: issues\n") == []
    assert tagger.repo.automations is not None
    assert tagger.repo.automations["templates"] == []


def test_long_workflows_are_read_and_where_it_gets_too_much_every_label_they_name_counts(tagger: Tagger) -> None:
    bug, other = (workflow(f"github.event.label.name == '{name}'") for name in ("bug", "elsewhere"))
    assert triggers(tagger, bug.ljust(200_000, b"#"), other) == ["bug", "elsewhere"]
    tagger.clock.move(days=1)
    unsaid = b"on: issues\n# a Question, and debugging\n"
    assert triggers(tagger, other.ljust(automations.MOST_PARSED, b"#"), unsaid) == ["elsewhere", "question"]
    tagger.clock.move(days=1)
    assert triggers(tagger, other, b"#" * 2_000_000) == ["*", "elsewhere"], "GitHub does not show that one"


def test_of_a_workflow_that_is_not_understood_every_label_it_names_counts(tagger: Tagger) -> None:
    odd = b"if: startsWith(github.event.label.name, 'run-')\n# documentation\n"
    assert triggers(tagger, b"on: !issues\n" + odd) == ["documentation", "run-*"]
    assert triggers_after(tagger, lambda: tagger.github.people.label(NAME, tagger.open(CRASH), "issues")) == [
        "documentation",
        "issues",
        "run-*",
    ]
    tagger.clock.move(days=1)
    assert triggers(tagger, b"on: !pull_request\n" + odd) == []


def test_aliases_in_a_workflow_are_followed(tagger: Tagger) -> None:
    anchored = (
        b"on: &on {issues: {types: [labeled]}}\nx: &x\n  if: github.event.label.name == 'bug'\njobs: {a: *x, b: *x}\n"
    )
    bomb = b"on: issues\na0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)
    )
    assert triggers(tagger, anchored, bomb, b"on: issues\na: &a [*a]\n") == ["bug"]


def test_files_are_read_again_only_when_one_has_changed(tagger: Tagger) -> None:
    triggers(tagger, workflow("github.event.label.name == 'bug'"))
    read = len(tagger.github.requests("GET", "/0.yml"))
    tagger.clock.move(days=1)
    pull(tagger)
    assert len(tagger.github.requests("GET", "/0.yml")) == read == 1
    tagger.github.people.push(NAME, {f"{WORKFLOWS}/0.yml": workflow("github.event.label.name == 'question'")})
    tagger.catch_up()
    assert tagger.repo.automations is not None
    assert tagger.repo.automations["triggers"] == ["question"]
    asked = len(tagger.github.requests("GET", WORKFLOWS))
    pull(tagger)
    tagger.github.world.find(NAME).files.clear()
    assert len(tagger.github.requests("GET", WORKFLOWS)) == asked, "not more than once a day"
    tagger.clock.move(days=1)
    pull(tagger)
    assert tagger.repo.automations["triggers"] == []


def test_without_the_permission_to_read_contents_a_pull_goes_on(tagger: Tagger) -> None:
    there = tagger.github.world.find(NAME).installation_id
    del tagger.github.world.installations[there].permissions["contents"]
    pull(tagger)
    assert (tagger.repo.automations, tagger.repo.pulled_at) == (None, tagger.clock.at)


def test_a_trigger_that_is_suggested_can_be_accepted(taught: Tagger) -> None:
    triggers(taught, workflow("github.event.label.name == 'question'"))
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.open(BOTH)
    taught.github.people.comment(NAME, number, "/tagger accept question")
    taught.catch_up()
    assert taught.issue(number).names() == {"question"}


@pytest.mark.parametrize("piece", ["'", "''", "label.name ", "contains(", "a.", " ", "'a' == ", "['a']", ".label '"])
def test_long_conditions_are_read_in_no_time(piece: str) -> None:
    workflow = {"on": "issues", "jobs": {"a": {"if": f"label.name {piece * 100_000}"}}}
    started = time.perf_counter()
    list(automations._triggers(workflow))
    assert time.perf_counter() - started < 2
