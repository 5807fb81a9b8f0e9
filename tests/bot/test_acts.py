"""Whose judgement a label is: scripts, Apps in a person's name, templates and workflows are told from a maintainer."""

import pytest

from bot import automations, feedback, sync
from bot.models import LabelEvent, Mode, Outcome, Truth
from tests.bot.usecases import BOTH, CRASH, TYPO, Tagger
from tests.standin.fixtures import NAME

YES, NO, OPEN = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED
FORMS, WORKFLOWS = automations.TEMPLATES, automations.WORKFLOWS


def pull(tagger: Tagger) -> None:
    tagger.clock.move(minutes=10)
    sync.pull(tagger.context, tagger.repo)


def kinds(tagger: Tagger, number: int) -> list[str]:
    return [row.actor_kind for row in tagger.rows(LabelEvent, number=number)]


# --- scripts


def relabel(tagger: Tagger, count: int, *, seconds: float, on: bool = True) -> None:
    """Let the maintainer put "bug" on issues 1 to `count`, or take it off, one after the other."""
    for number in range(1, count + 1):
        tagger.clock.move(seconds=seconds)
        change = tagger.github.people.label if on else tagger.github.people.unlabel
        change(NAME, number, "bug")


@pytest.mark.parametrize(("count", "seconds", "truth"), [(10, 1, OPEN), (9, 0, YES), (12, 2, YES)])
def test_who_labels_many_issues_within_seconds_is_a_script(
    taught: Tagger, count: int, seconds: float, truth: Truth
) -> None:
    for _ in range(count):
        taught.open("hello")
    relabel(taught, count, seconds=seconds)
    taught.catch_up()
    assert {taught.truths(number)["bug"] for number in range(1, count + 1)} == {truth}
    outcome = Outcome.MISSED if truth is YES else None
    assert {taught.guesses(number)["bug"].outcome for number in range(1, count + 1)} == {outcome}


def test_in_whatever_order_they_are_told_acts_of_a_script_are_known(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    relabel(taught, 10, seconds=1)
    for delivery in taught.news()[::-2] + taught.news()[::2]:
        taught.handle(delivery)
    assert {kind for number in range(1, 11) for kind in kinds(taught, number)} == {"script"}
    assert {taught.truths(number)["bug"] for number in range(1, 11)} == {OPEN}


def test_a_script_that_takes_labels_off_makes_no_negatives(taught: Tagger) -> None:
    for number in range(1, 11):
        taught.open("hello")
        taught.clock.move(minutes=1)
        taught.github.people.label(NAME, number, "bug")
    taught.clock.move(hours=1)
    relabel(taught, 10, seconds=0, on=False)
    taught.catch_up()
    assert [taught.truths(number) for number in range(1, 11)] == [{}] * 10


def test_a_script_does_not_silence_the_bot(taught: Tagger) -> None:
    world = taught.github.world
    world.add_label(world.find(NAME), "triage")
    taught.catch_up()
    for _ in range(10):
        taught.github.people.open_issue(NAME, CRASH)
    opened = taught.news()
    for number in range(1, 11):
        taught.github.people.label(NAME, number, "triage")
    for delivery in [each for each in taught.news() if each not in opened]:
        taught.handle(delivery)
    taught.catch_up()
    assert all(taught.issue(number).names() == {"triage", "bug"} for number in range(1, 11))


def test_a_script_confirms_nothing_that_the_bot_put_on(taught: Tagger) -> None:
    for _ in range(10):
        taught.open(CRASH)
    taught.clock.move(minutes=1)
    for number in range(1, 11):
        taught.github.people.label(NAME, number, "question")
    taught.catch_up()
    assert [taught.truths(number) for number in range(1, 11)] == [{"bug": OPEN, "question": OPEN}] * 10


def test_what_a_person_says_after_a_script_counts(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    relabel(taught, 10, seconds=0)
    taught.clock.move(minutes=1)
    taught.github.people.unlabel(NAME, 3, "bug")
    taught.catch_up()
    assert (taught.truths(3), taught.truths(4)) == ({"bug": NO}, {"bug": OPEN})


def test_what_a_person_does_after_a_script_counts_before_word_of_it_comes(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    taught.clock.move(minutes=1)
    relabel(taught, 10, seconds=0)
    taught.catch_up()
    taught.clock.move(minutes=5)
    taught.seen.add(taught.github.people.unlabel(NAME, 3, "bug").id)
    taught.github.people.edit(NAME, 3, title=TYPO)
    taught.catch_up()
    assert taught.issue(3).names() == set()


def test_scripts_are_found_in_an_imported_past(tagger: Tagger) -> None:
    for number in range(1, 13):
        tagger.github.people.open_issue(NAME, "Something")
        tagger.clock.move(minutes=1)
        tagger.github.people.label(NAME, number, "question")
    tagger.clock.move(minutes=1)
    relabel(tagger, 10, seconds=0)
    pull(tagger)
    assert tagger.truths(1) == {"question": YES, "bug": OPEN}
    assert tagger.truths(12) == {"question": YES}


def test_many_acts_on_one_issue_are_no_scripts() -> None:
    rows = [LabelEvent(id=number, number=1, at=feedback.datetime(2026, 1, 1)) for number in range(50)]
    assert list(feedback.in_bulk(rows)) == []


# --- Apps and bots


def test_an_app_in_a_persons_name_neither_teaches_nor_silences(taught: Tagger) -> None:
    pull(taught)
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.github.people.label(NAME, number, "question", by_app=True)
    taught.handle(opened)
    assert taught.issue(number).names() == {"bug", "question"}
    taught.seen |= {each.id for each in taught.news()}
    pull(taught)
    assert taught.truths(number) == {"bug": OPEN, "question": OPEN}


@pytest.mark.parametrize("who", ["github-actions[bot]", "stale[bot]"])
def test_automations_and_other_bots_neither_teach_nor_silence(taught: Tagger, who: str) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.label(NAME, number, "question", by=who)
    taught.catch_up()
    assert taught.issue(number).names() == {"bug", "question"}
    assert taught.truths(number) == {"bug": OPEN, "question": OPEN}


def test_an_issue_opened_by_an_app_in_a_maintainers_name_brings_no_judgement(taught: Tagger) -> None:
    taught.github.people.open_issue(NAME, CRASH, author="maintainer", labels=["question"])
    opened = taught.news()[0]
    opened.payload["issue"]["performed_via_github_app"] = {"id": 1}
    taught.handle(opened)
    assert taught.truths(1) == {"question": OPEN}


# --- templates


def test_what_a_template_names_is_not_its_authors_judgement_even_if_that_is_a_maintainer(taught: Tagger) -> None:
    files = taught.github.world.find(NAME).files
    files[f"{FORMS}/bug.yml"] = b"name: Bug\nlabels: [Question]\nbody: []\n"
    files[f"{FORMS}/typo.md"] = b"---\nname: Typo\nlabels: documentation, other\n---\nText\n"
    pull(taught)
    number = taught.open(CRASH, author="maintainer", labels=["question"])
    assert taught.truths(number) == {"question": OPEN, "bug": OPEN}
    assert taught.issue(number).names() == {"bug", "question"}
    chosen = taught.open(CRASH, author="maintainer", labels=["question", "bug"])
    assert taught.truths(chosen) == {"question": OPEN, "bug": YES}
    taught.clock.move(minutes=1)
    taught.github.people.label(NAME, number, "documentation")
    taught.catch_up()
    assert taught.truths(number)["documentation"] == YES


def test_templates_of_the_owner_count_where_a_repository_has_none(tagger: Tagger) -> None:
    shared = tagger.github.world.add_repository("octo/.github")
    shared.files[f"{FORMS}/bug.yml"] = b"labels: [bug]\n"
    pull(tagger)
    assert tagger.repo.automations is not None
    assert tagger.repo.automations["templates"] == ["bug"]
    tagger.github.world.find(NAME).files[f"{FORMS}/own.yml"] = b"labels: [question]\n"
    tagger.clock.move(days=1)
    pull(tagger)
    assert tagger.repo.automations["templates"] == ["question"]


def test_templates_are_known_to_the_import(tagger: Tagger) -> None:
    tagger.github.world.find(NAME).files[f"{FORMS}/bug.yaml"] = b"labels: bug\n"
    tagger.github.people.open_issue(NAME, "One", author="maintainer", labels=["bug", "question"])
    pull(tagger)
    assert tagger.truths(1) == {"bug": OPEN, "question": YES}


# --- workflows


def workflow(condition: str, on: str = "issues: {types: [labeled]}") -> bytes:
    return f"on: {{{on}}}\njobs:\n  a:\n    if: {condition}\n    steps: [{{run: x}}]\n".encode()


def triggers(tagger: Tagger, *contents: bytes) -> list[str]:
    files = tagger.github.world.find(NAME).files
    files |= {f"{WORKFLOWS}/{place}.yml": content for place, content in enumerate(contents)}
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


def test_files_are_read_until_they_are_too_much(tagger: Tagger) -> None:
    named = [workflow(f"github.event.label.name == '{name}'") for name in "abcdefghij"]
    assert triggers(tagger, named[0] + b"#" * automations.MOST_CHARACTERS, named[1]) == ["b"], "one is too long"
    tagger.clock.move(days=1)
    named[9] = named[9].ljust(2_000_000)
    assert triggers(tagger, *(each.ljust(60_000, b"#") for each in named)) == list("abcdefgh"), "480,000 bytes"


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
