"""A repository is followed: renamed, moved, archived, without issues, deleted; its default branch; its issues."""

import pytest

from bot import sync
from bot.errors import GitHubRefused
from bot.models import Issue, Mode, Prediction, Repository, Truth, Work
from bot.repo_config import PATH
from tests.bot.usecases import ASK, CRASH, Tagger
from tests.standin.fixtures import NAME

ARCHIVED, OFF = "this repository is archived, and can only be read", "issues are switched off in this repository"


def change(tagger: Tagger, action: str, **values: object) -> str:
    """Let somebody change the repository; return how the delivery that tells of it ended."""
    return tagger.handle(tagger.github.people.change_repository(NAME, action, **values)).status


@pytest.mark.parametrize(("archived", "reason"), [(True, ARCHIVED), (False, None)])
def test_archived_and_unarchived(taught: Tagger, archived: bool, reason: str | None) -> None:
    assert change(taught, "archived" if archived else "unarchived", archived=archived) == Work.DONE
    assert taught.repo.stopped == reason
    taught.open(CRASH)
    assert len(taught.rows(Prediction)) == (0 if archived else 1)


def test_where_issues_are_switched_off_nothing_is_done_until_they_are_on_again(taught: Tagger) -> None:
    sync.pull(taught.context, taught.repo)
    taught.github.world.find(NAME).has_issues = False
    with pytest.raises(GitHubRefused, match="issues are switched off"):
        sync.pull(taught.context, taught.repo)
    assert taught.repo.stopped == OFF
    asked = len(taught.github.log)
    with pytest.raises(GitHubRefused, match=f"nothing is read of {NAME}: {OFF}"):
        sync.pull(taught.context, taught.repo)
    assert [each.path for each in list(taught.github.log)[asked:]] == ["/installation/repositories"]
    taught.github.world.find(NAME).has_issues = True
    sync.pull(taught.context, taught.repo)
    assert taught.repo.stopped is None
    assert taught.issue(taught.open(CRASH)).names() == {"bug"}


def test_what_was_under_way_when_issues_were_switched_off_ends_without_a_write(taught: Tagger) -> None:
    taught.github.people.open_issue(NAME, CRASH)
    opened = taught.news()[-1]
    taught.github.world.find(NAME).has_issues = False
    assert taught.handle(opened).status == Work.DONE
    assert taught.writes() == []


def test_a_deleted_repository_is_not_served_any_more(taught: Tagger) -> None:
    repository_id = taught.repo.id
    assert change(taught, "deleted") == Work.DONE
    assert taught.row(Repository, repository_id).removed_at == taught.clock.at
    late = taught.github.webhooks.send("label", taught.github.webhooks.sent[-1].payload)
    assert taught.handle(late).status == Work.IGNORED


def test_a_repository_that_moves_to_another_owner_with_the_app_goes_on_there(taught: Tagger) -> None:
    acme = taught.github.world.install("acme")
    repository = taught.github.world.find(NAME)
    taught.github.world.former_names[NAME] = repository.id
    old = repository.installation_id
    assert change(taught, "transferred", full_name="acme/demo", installation_id=acme.id) == Work.DONE
    row = taught.row(Repository, repository.id)
    assert (row.full_name, row.installation_id, row.removed_at) == ("acme/demo", acme.id, None)
    with taught.context.database.write() as session:
        sync.dismiss(session, old, [repository.id], now=taught.clock())
    assert taught.row(Repository, repository.id).removed_at is None, "the old owner's installation has lost it"
    number = taught.github.people.open_issue("acme/demo", CRASH).number
    taught.catch_up()
    assert taught.github.world.issue("acme/demo", number).names() == {"bug"}


def test_renames_told_in_the_wrong_order_end_with_the_last_name(taught: Tagger) -> None:
    told = [taught.github.people.rename_repository(old, new) for old, new in ((NAME, "octo/b"), ("octo/b", "octo/c"))]
    for each in reversed(told):
        assert taught.handle(each).status == Work.DONE
    assert [row.full_name for row in taught.rows(Repository)] == ["octo/c"]


def test_the_configuration_is_read_from_a_new_default_branch(taught: Tagger) -> None:
    taught.github.world.find(NAME).files[PATH] = b"mode: shadow\n"
    change(taught, "edited")
    assert taught.repo.config is None
    change(taught, "edited", default_branch="trunk")
    assert taught.repo.config == "mode: shadow\n"
    taught.github.people.push(NAME, {PATH: b"mode: apply\n"})
    taught.catch_up()
    assert taught.repo.config == "mode: apply\n"


# --- installations, in whatever order


def test_a_suspension_told_after_its_end_does_not_stay(taught: Tagger) -> None:
    suspend, unsuspend = (taught.github.people.install("octo", action=act) for act in ("suspend", "unsuspend"))
    for delivery in (unsuspend, suspend):
        taught.handle(delivery)
    assert taught.issue(taught.open(CRASH)).names() == {"bug"}


def test_a_suspension_whose_end_was_never_told_ends_within_the_hour(taught: Tagger) -> None:
    taught.handle(taught.github.people.install("octo", action="suspend"))
    taught.seen.add(taught.github.people.install("octo", action="unsuspend").id)
    sync.follow_installations(taught.context)
    assert taught.issue(taught.open(CRASH)).names() == {"bug"}


def test_work_stops_at_once_though_github_does_not_answer(taught: Tagger) -> None:
    there = taught.github.world.find(NAME)
    installation = {"id": there.installation_id, "account": {"login": "octo"}}
    gone = [{"id": there.id, "full_name": NAME}]
    payload = {"action": "removed", "installation": installation, "repositories_removed": gone}
    taught.github.fail_next(1, "502", "/app/installations$")
    row = taught.handle(taught.github.webhooks.send("installation_repositories", payload))
    assert row.status == Work.QUEUED, "what GitHub has is asked for again"
    assert taught.row(Repository, there.id).removed_at == taught.clock.at


# --- issues


def test_nothing_is_written_in_a_locked_conversation(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, ASK).number
    taught.issue(number).locked = True
    taught.catch_up()
    assert (taught.prediction(number).not_written, taught.writes()) == ("the conversation is locked", [])


def test_what_was_made_a_discussion_is_left_alone(taught: Tagger) -> None:
    """GitHub closes such an issue, and does not show it any more."""
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.issue(number).deleted = True
    assert taught.handle(opened).status == Work.DONE
    assert (taught.prediction(number).not_written or "").startswith("the issue is gone")


def test_an_issue_is_predicted_again_from_its_newest_text_while_nobody_has_spoken(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.clock.move(minutes=1)
    edited = taught.github.people.edit(NAME, number, title=ASK)
    opened = taught.news()[0]
    taught.handle(edited)
    taught.handle(opened)
    taught.catch_up()
    (comment,) = taught.issue(number).comments
    assert "`question`" in comment.body
    assert "`bug`" not in comment.body
    taught.github.people.label(NAME, number, "question")
    taught.catch_up()
    count = len(taught.rows(Prediction))
    taught.clock.move(minutes=1)
    taught.github.people.edit(NAME, number, title=CRASH)
    taught.catch_up()
    assert len(taught.rows(Prediction)) == count
    assert taught.truths(number) == {"question": Truth.POSITIVE}


def test_of_two_words_of_the_same_second_github_says_which_is_right(taught: Tagger) -> None:
    number = taught.open("hello")
    taught.clock.move(minutes=1)
    acts = [act(NAME, number) for act in (taught.github.people.close, taught.github.people.reopen)]
    for delivery in reversed(acts):
        taught.handle(delivery)
    assert taught.row(Issue, (taught.repo.id, number)).state == "open"
