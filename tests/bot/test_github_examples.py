"""Every example that GitHub publishes of a delivery, through the whole bot: from HTTP in, by the rows, to HTTP out."""

import pytest

from bot import events, storage
from bot.comments import MARKER
from bot.models import (
    Guess,
    Installation,
    Issue,
    Label,
    LabelEvent,
    LabelTruth,
    Prediction,
    Repository,
    Truth,
    Work,
)
from tests.bot.examples import EXAMPLES, HANDLED, MISSING, SPELLING, TESTED, Example, Payload, Stage, a_stage, each  # noqa: F401

ISSUE = next((example for example in EXAMPLES if example.name == "issues.opened-1"), None)
OTHER_TEXT = {"title": "Dark theme for the settings page", "body": "Please.", "labels": []}
BARE = {"labels": []}
LABELS = ("GET", "/repos/Codertocat/Hello-World/labels")
INSTALLED, COVERED = ("GET", "/app/installations"), ("GET", "/installation/repositories")


def served(stage: Stage) -> list[str]:
    with stage.context.database.read() as session:
        return [repo.full_name for repo in storage.repositories(session)]


def known(stage: Stage) -> list[tuple[int, str, str]]:
    return [(row.number, row.label, row.truth) for row in stage.rows(LabelTruth)]


def acts(stage: Stage) -> list[tuple[str, str, str, str]]:
    return [(row.action, row.label, row.actor, row.actor_kind) for row in stage.rows(LabelEvent)]


def reads(payload: Payload, *more: str) -> list[tuple[str, str]]:
    issue = f"/repos/{payload['repository']['full_name']}/issues/{payload['issue']['number']}"
    return [("GET", issue), ("GET", f"{issue}/events"), *(("GET", path) for path in more)]


def check_issue(stage: Stage, payload: Payload, state: str) -> None:
    row, told = stage.one(Issue), events.issue_state(payload)
    assert (row.repository_id, row.number) == (payload["repository"]["id"], told.number)
    assert (row.title, row.body, row.state, row.author) == (told.title, told.body, state, told.author)
    assert (row.created_at, row.updated_at) == (told.created_at, told.updated_at)


# --- issues


@each("issues.opened-1", "issues.opened-2", "issues.opened-3")
def test_a_new_issue_that_its_maintainer_labelled_is_predicted_and_left_alone(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    check_issue(stage, payload, "open")
    assert acts(stage) == [("labeled", "bug", "Codertocat", "person")]
    assert known(stage) == [(1, "bug", Truth.POSITIVE)]
    assert stage.one(Prediction).not_written == "a person has labelled the issue already"
    outcomes = {row.label: (row.decision, row.outcome) for row in stage.rows(Guess)}
    expected = {"bug": ("withhold", "missed"), SPELLING: ("suggest", None), "dark theme": ("withhold", None)}
    assert outcomes == expected
    assert stage.requests() == reads(payload)


@each("issues.opened-4")
def test_labels_that_an_issue_brings_from_elsewhere_are_nobodys_judgement_here(stage: Stage, example: Example) -> None:
    payload = example.payload()
    assert payload["changes"]["old_issue"]
    stage.begin(payload)
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    check_issue(stage, payload, "open")
    assert acts(stage) == [("labeled", "bug", "Codertocat", "template")]
    assert known(stage) == [(1, "bug", Truth.UNCONFIRMED)]
    check_suggestion(stage, payload)


@each("issues.opened")
def test_a_new_issue_without_labels_gets_one_suggestion(stage: Stage, example: Example) -> None:
    payload = example.payload(issue=BARE)
    stage.begin(payload)
    sent = stage.play("issues", payload)
    check_suggestion(stage, payload)
    stage.play_again(sent)
    stage.play_interrupted(sent)
    assert len(stage.writes()) == 1


def check_suggestion(stage: Stage, payload: Payload) -> None:
    """Check the one comment: the request, what it says, and the rows that tell of it."""
    repository = f"/repos/{payload['repository']['full_name']}"
    issue = f"{repository}/issues/{payload['issue']['number']}"
    comments = f"{issue}/comments"
    asked = ("GET", f"{issue}/suggestions")  # whether GitHub's own interface takes them there
    expected = [*reads(payload, f"{repository}/labels"), asked, ("GET", comments), ("POST", comments)]
    assert [each for each in stage.requests() if each != ("GET", "/app")] == expected
    (write,) = stage.writes()
    assert write.status == 201
    assert write.body["body"].startswith(MARKER)
    assert f"`{SPELLING}`" in write.body["body"]
    assert "`bug`" not in write.body["body"]
    row = stage.one(Prediction)
    (comment,) = stage.standin.world.issue(payload["repository"]["full_name"], row.number).comments
    assert (row.comment_id, row.written_at, row.not_written) == (comment.id, stage.context.now(), None)
    assert [guess.label for guess in stage.rows(Guess) if guess.written == "suggested"] == [SPELLING]


@each("issues.edited")
def test_an_edit_that_left_the_text_as_it_was_leads_to_nothing(stage: Stage, example: Example) -> None:
    opened, payload = example.payload(action="opened", issue=BARE), example.payload()
    assert payload["changes"] == {}
    stage.begin(opened)
    stage.play("issues", opened)
    before = stage.requests(), stage.state(inbox=False)
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    assert (stage.requests(), stage.state(inbox=False)) == before


@each("issues.edited")
def test_a_new_text_is_predicted_anew_though_the_delivery_tells_of_no_change(stage: Stage, example: Example) -> None:
    opened, payload = example.payload(action="opened", issue=OTHER_TEXT), example.payload()
    stage.begin(opened)
    stage.play("issues", opened)
    assert "`dark theme`" in stage.writes()[0].body["body"]
    stage.place(payload)
    before = len(stage.requests())
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    check_issue(stage, payload, "open")
    disputed = reads(payload)[:1]  # both are of the same second
    assert stage.requests()[before:] == [*disputed, *reads(payload)]
    notes = [row.not_written for row in stage.rows(Prediction)]
    assert notes == [None, "a person has labelled the issue already"]


@each("issues.edited")
def test_an_edit_of_an_issue_from_before_us_is_only_stored(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.place(payload)
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    check_issue(stage, payload, "open")
    assert served(stage) == ["Codertocat/Hello-World"]
    assert (stage.rows(Prediction), stage.requests()) == ([], [])


@each("issues.labeled")
def test_a_label_by_a_person_is_learnt_and_settles_the_prediction(stage: Stage, example: Example) -> None:
    opened, payload = example.payload(action="opened", issue=BARE), example.payload()
    stage.begin(opened)
    stage.play("issues", opened)
    before = stage.requests()
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    assert acts(stage) == [("labeled", "bug", "Codertocat", "person")]
    assert known(stage) == [(1, "bug", Truth.POSITIVE)]
    settled = {row.label: (row.outcome, row.settled_by) for row in stage.rows(Guess) if row.outcome}
    assert settled == {"bug": ("missed", "Codertocat")}
    assert stage.requests() == before


@each("issues.unlabeled")
def test_a_label_that_a_person_takes_off_is_a_negative(stage: Stage, example: Example) -> None:
    payload = example.payload()
    put_on = example.payload(action="labeled", issue={"updated_at": payload["issue"]["created_at"]})
    stage.begin(payload)
    stage.play("issues", put_on)
    assert known(stage) == [(1, "bug", Truth.POSITIVE)]
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    assert [(action, label) for action, label, *_ in acts(stage)] == [("labeled", "bug"), ("unlabeled", "bug")]
    assert known(stage) == [(1, "bug", Truth.NEGATIVE)]
    assert stage.requests() == []


@each("issues.reopened", "issues.transferred", "issues.deleted")
def test_the_state_of_an_issue_is_followed_without_a_request(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    before = payload["issue"]["created_at"]
    stage.play("issues", example.payload(action="closed", issue={"state": "closed", "updated_at": before}))
    assert stage.one(Issue).state == "closed"
    assert stage.status(stage.play("issues", payload)) == Work.DONE
    check_issue(stage, payload, {"reopened": "open"}.get(payload["action"], payload["action"]))
    assert (stage.rows(Prediction), stage.requests()) == ([], [])


# --- labels and repositories


@each("label.created", "label.edited")
def test_a_label_is_stored_with_its_name_and_description(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.place(payload)
    stage.know(example.payload(label={**payload["label"], "description": "Before"}))
    assert stage.status(stage.play("label", payload)) == Work.DONE
    row = stage.one(Label)
    assert (row.repository_id, row.id) == (payload["repository"]["id"], payload["label"]["id"])
    assert (row.name, row.description, row.removed_at) == (":bug: Bugfix", "Fixes a bug", None)
    assert stage.requests() == [LABELS]


@each("label.deleted")
def test_a_deleted_label_is_kept_but_not_thought_of_any_more(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    assert stage.status(stage.play("label", payload)) == Work.DONE
    assert stage.one(Label).removed_at == stage.context.now()
    with stage.context.database.read() as session:
        assert storage.labels(session, payload["repository"]["id"]) == []
    assert stage.requests() == [LABELS]


@each("repository.renamed")
def test_a_renamed_repository_is_asked_for_under_its_new_name(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.place(payload)
    stage.know(example.payload(repository={**payload["repository"], "full_name": "Octocoders/Old-World"}))
    assert served(stage) == ["Octocoders/Old-World"]
    assert stage.status(stage.play("repository", payload)) == Work.DONE
    assert stage.requests() == [COVERED]
    stage.context.gateway(stage.one(Repository)).labels()
    assert stage.requests()[1:] == [("GET", "/repos/Octocoders/Hello-World/labels")]
    assert stage.standin.log[-1].status == 200


@each("repository.transferred")
@pytest.mark.parametrize("ours", [True, False], ids=["to an owner with the App", "to one without"])
def test_a_repository_is_followed_to_its_new_owner(stage: Stage, example: Example, ours: bool) -> None:
    payload, before = example.payload(), example.payload(installation={"id": 1})
    stage.know(before | {"repository": {**payload["repository"], "full_name": "octocat/Hello-World"}})
    stage.place(payload)
    if not ours:
        stage.standin.world.repositories.clear()
    assert stage.status(stage.play("repository", payload)) == Work.DONE
    assert stage.requests() == [COVERED]
    there = ["Octocoders/Hello-World"] if ours else ["octocat/Hello-World"] * (payload["installation"]["id"] != 1)
    assert served(stage) == there
    if ours:
        assert stage.one(Repository).installation_id == payload["installation"]["id"]


@each("repository.edited")
def test_what_was_edited_is_read_and_the_configuration_is_that_of_the_default_branch(
    stage: Stage, example: Example
) -> None:
    payload = example.payload()
    stage.begin(payload)
    place, path = payload["repository"]["full_name"], ".github/issue-tagger.yml"
    stage.standin.world.find(place).files[path] = b"mode: shadow"
    assert stage.status(stage.play("repository", payload)) == Work.DONE
    files = [("GET", f"/repos/{place}/contents/{path}")] if "default_branch" in payload["changes"] else []
    assert stage.requests() == [COVERED, *files]
    repo = stage.one(Repository)
    assert repo.config == ("mode: shadow" if files else None)
    assert repo.stopped == "issues are switched off in this repository"


# --- installations


@each("installation.created", "installation_repositories.added")
def test_the_repositories_of_an_installation_are_served(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.place(payload)
    assert stage.status(stage.play(example.event, payload)) == Work.DONE
    told = payload.get("repositories") or payload["repositories_added"]
    rows = [(row.id, row.full_name, row.installation_id) for row in stage.rows(Repository)]
    assert rows == [(each["id"], each["full_name"], payload["installation"]["id"]) for each in told]
    assert served(stage) == [each["full_name"] for each in told]
    assert stage.one(Installation).account == payload["installation"]["account"]["login"]
    assert stage.requests() == [INSTALLED, COVERED]


@each("installation_repositories.removed")
def test_a_repository_that_was_taken_out_is_not_served_any_more(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    assert served(stage) == ["octocat/Hello-World"]
    assert stage.status(stage.play(example.event, payload)) == Work.DONE
    assert stage.one(Repository).removed_at == stage.context.now()
    assert (served(stage), stage.requests()) == ([], [INSTALLED, COVERED])


@each("installation.deleted", "installation.suspend")
@pytest.mark.parametrize("heard_of", [True, False], ids=["heard of", "unheard of"])
def test_an_installation_that_ends_is_not_served_any_more(stage: Stage, example: Example, heard_of: bool) -> None:
    payload, issue = example.payload(), ISSUE.payload(installation=example.published["installation"])
    if heard_of:
        stage.begin(issue)
        assert served(stage) == ["Codertocat/Hello-World"]
    stage.place(payload)
    assert stage.status(stage.play(example.event, payload)) == Work.DONE
    row, now = stage.one(Installation), stage.context.now()
    ended = (None, now) if payload["action"] == "deleted" else (now, None)
    assert (row.id, row.suspended_at, row.removed_at) == (payload["installation"]["id"], *ended)
    assert stage.status(stage.play("issues", issue)) == Work.IGNORED
    asked = [INSTALLED] if payload["action"] == "suspend" else []
    assert (served(stage), stage.rows(Issue), stage.requests()) == ([], [], asked)


@each("installation.unsuspend")
def test_an_installation_that_goes_on_is_served_again(stage: Stage, example: Example) -> None:
    payload, issue = example.payload(), ISSUE.payload(installation=example.published["installation"])
    stage.begin(issue)
    there = stage.standin.world.installations[payload["installation"]["id"]]
    there.suspended = True
    stage.play("installation", {**payload, "action": "suspend"})
    assert served(stage) == []
    there.suspended = False
    assert stage.status(stage.play("installation", payload)) == Work.DONE
    assert stage.one(Installation).suspended_at is None
    assert served(stage) == ["Codertocat/Hello-World"]
    assert stage.requests() == [INSTALLED, INSTALLED, COVERED]


@each("issue_comment.created", "issue_comment.edited", "issue_comment.deleted")
def test_a_comment_without_a_command_leads_to_nothing(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    assert stage.status(stage.play("issue_comment", payload)) == Work.DONE
    assert (stage.requests(), stage.rows(LabelTruth)) == ([], [])


@each("push")
def test_a_push_that_changes_no_configuration_leads_to_nothing(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    assert stage.status(stage.play("push", payload)) == Work.DONE
    assert stage.requests() == []


def test_examples_of_what_changes_nothing_for_us_change_nothing(stage: Stage) -> None:
    """Of the events that we subscribe to: somebody is assigned, a conversation is locked …"""
    if not EXAMPLES:
        pytest.skip(MISSING)
    others = [example for example in EXAMPLES if example.event in events.HANDLED and not example.handled]
    assert len(others) == 23
    for example in others:
        payload = example.payload()
        stage.begin(payload)
        before = stage.state(inbox=False)
        assert stage.status(stage.play(example.event, payload)) == Work.IGNORED, example.name
        assert stage.state(inbox=False) == before, example.name
    assert stage.requests() == []


def test_every_example_that_is_handled_has_a_test_of_what_it_does() -> None:
    if not EXAMPLES:
        pytest.skip(MISSING)
    assert {example.name for example in HANDLED} == TESTED
