"""What people (and the App) do on GitHub: each act changes the state, appends events and sends webhooks."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tests.standin.payloads import Json, Payloads
from tests.standin.state import Actor, Comment, Event, Issue, Label, Repository, World
from tests.standin.webhooks import Delivery, Webhooks


class People:
    """Acts. `by` is a login, a bot's if it ends in `[bot]`; `at` is when, now if not given."""

    def __init__(self, world: World, payloads: Payloads, webhooks: Webhooks) -> None:
        self._world = world
        self._payloads = payloads
        self._webhooks = webhooks

    # --- issues

    def open_issue(
        self,
        full_name: str,
        title: str,
        *,
        body: str | None = "",
        author: str = "reporter",
        labels: Iterable[str] = (),
        pull: bool = False,
        at: datetime | None = None,
    ) -> Issue:
        """Open an issue; `labels` are those that its form or template names, put on in the author's name."""
        with self._world.lock:
            repository = self._world.find(full_name)
            issue = self._new_issue(repository, title, body, author=author, at=at)
            issue.pull = pull
            issue.labels = [repository.labels[name.lower()] for name in labels]
            for each in issue.labels:
                self._note(repository, issue, "labeled", by=author, at=issue.created_at, label=each.name)
        if not pull:
            self._tell(repository, issue, "opened", by=author)
            for label in list(issue.labels):
                self._tell(repository, issue, "labeled", by=author, label=label)
        return issue

    def edit(
        self,
        full_name: str,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        by: str = "reporter",
        at: datetime | None = None,
    ) -> Delivery:
        """Change an issue's title, body or both."""
        with self._world.lock:
            repository, issue = self._touch(full_name, number, at)
            changes = {}
            if title is not None:
                changes["title"], issue.title = {"from": issue.title}, title
            if body is not None:
                changes["body"], issue.body = {"from": issue.body}, body
        return self._tell(repository, issue, "edited", by=by, changes=changes)

    def label(
        self,
        full_name: str,
        number: int,
        *names: str,
        by: str = "maintainer",
        at: datetime | None = None,
        by_app: bool = False,
    ) -> list[Delivery]:
        """Put labels on an issue; one that the repository lacks is created, one that is there already is no event.

        `by_app`: an App does it in somebody's name, which GitHub's events tell and deliveries do not.
        """
        told = []
        for name in names:
            with self._world.lock:
                repository = self._world.find(full_name)
                fresh = name.lower() not in repository.labels
                label = self._world.add_label(repository, name)
                there = repository.issues[number].has(name)
            if fresh:
                told.append(self._tell_label(repository, label, "created", by=by))
            if not there:
                told.append(self._change(full_name, number, label, event="labeled", by=by, at=at))
                issue = repository.issues[number]
                issue.events[-1] = replace(issue.events[-1], by_app=by_app)
        return told

    def unlabel(
        self, full_name: str, number: int, name: str, *, by: str = "maintainer", at: datetime | None = None
    ) -> Delivery:
        """Take a label off an issue."""
        label = self._world.find(full_name).labels[name.lower()]
        return self._change(full_name, number, label, event="unlabeled", by=by, at=at)

    def close(self, full_name: str, number: int, *, by: str = "maintainer", at: datetime | None = None) -> Delivery:
        """Close an issue."""
        return self._set_state(full_name, number, "closed", by=by, at=at)

    def reopen(self, full_name: str, number: int, *, by: str = "maintainer", at: datetime | None = None) -> Delivery:
        """Open an issue again."""
        return self._set_state(full_name, number, "reopened", by=by, at=at)

    def delete(self, full_name: str, number: int, *, by: str = "maintainer", at: datetime | None = None) -> Delivery:
        """Delete an issue: GitHub answers 410 from now on."""
        with self._world.lock:
            repository, issue = self._touch(full_name, number, at)
            issue.deleted = True
        return self._tell(repository, issue, "deleted", by=by)

    def transfer(
        self, full_name: str, number: int, to: str, *, by: str = "maintainer", at: datetime | None = None
    ) -> Issue:
        """Move an issue into another repository, without the labels that are not there: GitHub answers 301."""
        with self._world.lock:
            old, issue = self._touch(full_name, number, at)
            new = self._world.find(to)
            copy = self._new_issue(new, issue.title, issue.body, author=issue.author.login, at=issue.created_at)
            copy.updated_at, copy.comments = issue.updated_at, issue.comments
            copy.labels = [new.labels[each.name.lower()] for each in issue.labels if each.name.lower() in new.labels]
            issue.moved = (new.id, copy.number)
            place = {
                "new_issue": self._payloads.issue(new, copy),
                "new_repository": self._payloads.repository(new),
            }
            origin = {
                "old_issue": self._payloads.issue(old, issue),
                "old_repository": self._payloads.repository(old),
            }
        self._tell(old, issue, "transferred", by=by, changes=place)
        self._tell(new, copy, "opened", by=by, changes=origin)
        return copy

    def comment(
        self, full_name: str, number: int, body: str, *, by: str = "maintainer", at: datetime | None = None
    ) -> Comment:
        """Comment on an issue."""
        with self._world.lock:
            repository, issue = self._touch(full_name, number, at)
            comment = Comment(self._world.next_id(), body, Actor(by), issue.updated_at, issue.updated_at)
            issue.comments.append(comment)
            shown = self._payloads.comment(repository, issue, comment)
        self._tell(repository, issue, "created", by=by, event="issue_comment", comment=shown)
        return comment

    def edit_comment(self, full_name: str, number: int, comment: Comment, body: str, *, by: str = "maintainer") -> None:
        """Change a comment, somebody else's too, as who may write can."""
        with self._world.lock:
            repository, issue = self._touch(full_name, number, None)
            changes, comment.body = {"body": {"from": comment.body}}, body
            comment.updated_at = issue.updated_at
            shown = self._payloads.comment(repository, issue, comment)
        self._tell(repository, issue, "edited", by=by, event="issue_comment", comment=shown, changes=changes)

    def delete_comment(self, full_name: str, number: int, comment: Comment, *, by: str = "maintainer") -> None:
        """Delete a comment, somebody else's too, as who may write can."""
        with self._world.lock:
            repository, issue = self._touch(full_name, number, None)
            issue.comments.remove(comment)
            shown = self._payloads.comment(repository, issue, comment)
        self._tell(repository, issue, "deleted", by=by, event="issue_comment", comment=shown)

    def answer_suggestion(self, full_name: str, number: int, label: str, *, approve: bool) -> None:
        """Approve or dismiss a label that is suggested in GitHub's own interface; no word is sent of a dismissal."""
        with self._world.lock:
            issue = self._world.issue(full_name, number)
            found = next(each for each in issue.suggestions if each.label == label and each.state == "pending")
            found.state, found.updated_at = "approved" if approve else "dismissed", self._world.clock()
            found.resolved_by = Actor("maintainer").id
        if approve:
            self.label(full_name, number, label)

    # --- labels and repositories

    def rename_label(self, full_name: str, name: str, new: str, *, by: str = "maintainer") -> Delivery:
        """Give a label another name."""
        with self._world.lock:
            repository = self._world.find(full_name)
            label = repository.labels.pop(name.lower())
            repository.labels[new.lower()] = label
            old, label.name = label.name, new
        return self._tell_label(repository, label, "edited", by=by, changes={"name": {"from": old}})

    def delete_label(self, full_name: str, name: str, *, by: str = "maintainer") -> Delivery:
        """Delete a label, from the repository and from its issues."""
        with self._world.lock:
            repository = self._world.find(full_name)
            label = repository.labels.pop(name.lower())
            for issue in repository.issues.values():
                issue.labels = [each for each in issue.labels if each is not label]
        return self._tell_label(repository, label, "deleted", by=by)

    def push(self, full_name: str, files: dict[str, bytes | None], *, branch: str = "", by: str = "maintainer") -> str:
        """Commit files, None to delete one, and push that; return the commit's id."""
        with self._world.lock:
            repository = self._world.find(full_name)
            sha = hashlib.sha1(repr((len(repository.statuses), files)).encode(), usedforsecurity=False).hexdigest()
            changed: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
            for path, content in files.items():
                there = path in repository.files
                changed["removed" if content is None else "modified" if there else "added"].append(path)
            branch = branch or repository.default_branch
            if branch == repository.default_branch:
                kept = {**repository.files, **files}
                repository.files = {path: content for path, content in kept.items() if content is not None}
            about = {"ref": f"refs/heads/{branch}", "after": sha, "commits": [{"id": sha, **changed}]}
            payload = self._payloads.delivery(repository, None, Actor(by), **about)
        self._webhooks.send("push", payload)
        return sha

    def rename_repository(self, full_name: str, new: str, *, by: str = "maintainer") -> Delivery:
        """Give a repository another name: GitHub answers 301 at the old one."""
        with self._world.lock:
            repository = self._world.find(full_name)
            self._world.former_names[full_name] = repository.id
            repository.full_name = new
        return self.change_repository(new, "renamed", by=by)

    def change_repository(
        self, full_name: str, action: str, /, *, by: str = "maintainer", **values: object
    ) -> Delivery:
        """Archive a repository, switch its issues off, give it to another owner …, and tell of it."""
        with self._world.lock:
            repository = self._world.find(full_name)
            changes = {name: {"from": getattr(repository, name)} for name in values}
            for name, value in values.items():
                setattr(repository, name, value)
            if action == "deleted":
                del self._world.repositories[repository.id]
            payload = self._payloads.delivery(repository, action, Actor(by), changes=changes)
        return self._webhooks.send("repository", payload)

    def install(self, account: str, *, action: str = "created", by: str = "maintainer") -> Delivery:
        """Tell of an account's installation: created, deleted, suspend or unsuspend, with its repositories."""
        with self._world.lock:
            installation = next(each for each in self._world.installations.values() if each.account == account)
            if action in {"suspend", "unsuspend"}:
                installation.suspended = action == "suspend"
            covered = [each for each in self._world.repositories.values() if each.installation_id == installation.id]
            shown = [self._payloads.repository(each) for each in covered]
            if action == "deleted":
                del self._world.installations[installation.id]
        about = {"installation": self._payloads.installation(installation), "repositories": shown}
        return self._webhooks.send(
            "installation", {"action": action, **about, "sender": self._payloads.user(Actor(by))}
        )

    def cover(self, full_name: str, *, covered: bool, by: str = "maintainer") -> Delivery:
        """Take a repository into its owner's installation, or out of it, so that the App reaches it no more."""
        with self._world.lock:
            repository = self._world.find(full_name)
            ours = next(each for each in self._world.installations.values() if each.account == repository.owner)
            repository.installation_id = ours.id if covered else 0
            shown = {"repositories_added": [], "repositories_removed": []}
            shown["repositories_added" if covered else "repositories_removed"] = [self._payloads.repository(repository)]
        about = {"installation": self._payloads.installation(ours), "sender": self._payloads.user(Actor(by)), **shown}
        return self._webhooks.send("installation_repositories", {"action": "added" if covered else "removed", **about})

    # --- how

    def _new_issue(
        self, repository: Repository, title: str, body: str | None, *, author: str, at: datetime | None
    ) -> Issue:
        number, when = len(repository.issues) + 1, at or self._world.clock()
        issue = Issue(self._world.next_id(), number, title, body, Actor(author), when, when)
        repository.issues[number] = issue
        return issue

    def _touch(self, full_name: str, number: int, at: datetime | None) -> tuple[Repository, Issue]:
        repository = self._world.find(full_name)
        issue = repository.issues[number]
        issue.updated_at = max(issue.updated_at, at or self._world.clock())
        return repository, issue

    def _note(
        self, repository: Repository, issue: Issue, event: str, *, by: str, at: datetime, label: str | None = None
    ) -> None:
        happened = Event(self._world.next_id(), event, Actor(by), at, label)
        issue.events.append(happened)
        repository.events.append((issue, happened))

    def _change(
        self, full_name: str, number: int, label: Label, *, event: str, by: str, at: datetime | None
    ) -> Delivery:
        with self._world.lock:
            repository, issue = self._touch(full_name, number, at)
            others = [each for each in issue.labels if each is not label]
            issue.labels = [*others, label] if event == "labeled" else others
            self._note(repository, issue, event, by=by, at=at or self._world.clock(), label=label.name)
        return self._tell(repository, issue, event, by=by, label=label)

    def _set_state(self, full_name: str, number: int, event: str, *, by: str, at: datetime | None) -> Delivery:
        with self._world.lock:
            repository, issue = self._touch(full_name, number, at)
            issue.state = "closed" if event == "closed" else "open"
            issue.closed_at = issue.updated_at if event == "closed" else None
            self._note(repository, issue, event, by=by, at=issue.updated_at)
        return self._tell(repository, issue, event, by=by)

    def _tell(
        self,
        repository: Repository,
        issue: Issue,
        action: str,
        *,
        by: str,
        event: str = "issues",
        label: Label | None = None,
        **more: Json,
    ) -> Delivery:
        if label is not None:
            more["label"] = self._payloads.label(repository, label)
        with self._world.lock:
            shown = self._payloads.issue(repository, issue)
            payload = self._payloads.delivery(repository, action, Actor(by), issue=shown, **more)
        kind = "pull_request" if issue.pull and event == "issues" else event
        return self._webhooks.send(kind, payload, background=self._in_background(by))

    def _tell_label(self, repository: Repository, label: Label, action: str, *, by: str, **more: Json) -> Delivery:
        with self._world.lock:
            shown = self._payloads.label(repository, label)
            payload = self._payloads.delivery(repository, action, Actor(by), label=shown, **more)
        return self._webhooks.send("label", payload, background=self._in_background(by))

    def _in_background(self, by: str) -> bool | None:
        """What the App did is told after its request was answered, as GitHub does."""
        return True if Actor(by) == self._world.bot else None
