"""What the stand-in knows, in the shape of GitHub's JSON, for answers and for webhooks alike."""

import hashlib
from datetime import datetime
from typing import Any

from tests.standin.state import Actor, Comment, Event, Installation, Issue, Label, Repository, World
from tests.standin.webhooks import Attempt

Json = dict[str, Any]


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Payloads:
    """Shapes of things, every URL in them with the stand-in's own address."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._url = url

    def app(self) -> Json:
        slug, owner = self._world.slug, self.user(Actor("octo"))
        page = f"{self._url}/apps/{slug}"
        return {"id": self._world.app_id, "slug": slug, "name": slug.title(), "owner": owner, "html_url": page}

    def user(self, actor: Actor) -> Json:
        return {
            "login": actor.login,
            "id": actor.id,
            "node_id": f"U_{actor.id}",
            "avatar_url": "",
            "url": f"{self._url}/users/{actor.login}",
            "html_url": f"{self._url}/{actor.login}",
            "type": actor.type,
            "site_admin": False,
        }

    def installation(self, installation: Installation) -> Json:
        return {
            "id": installation.id,
            "account": self.user(Actor(installation.account)),
            "app_id": self._world.app_id,
            "app_slug": self._world.slug,
            "permissions": installation.permissions,
            "events": ["issues", "label", "repository"],
            "repository_selection": "selected",
            "suspended_at": moment(self._world.clock()) if installation.suspended else None,
        }

    def repository(self, repository: Repository) -> Json:
        return {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": repository.full_name.split("/")[1],
            "full_name": repository.full_name,
            "private": False,
            "owner": self.user(Actor(repository.owner)),
            "html_url": f"{self._url}/{repository.full_name}",
            "description": None,
            "fork": False,
            "url": self.api(repository),
            "has_issues": repository.has_issues,
            "archived": repository.archived,
            "default_branch": repository.default_branch,
        }

    def file(self, path: str, content: bytes) -> Json:
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        name = path.rpartition("/")[2]
        return {"type": "file", "path": path, "name": name, "size": len(content), "sha": sha}

    def api(self, repository: Repository) -> str:
        return f"{self._url}/repos/{repository.full_name}"

    def label(self, repository: Repository, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.api(repository)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def issue(self, repository: Repository, issue: Issue) -> Json:
        api = f"{self.api(repository)}/issues/{issue.number}"
        page = f"{self._url}/{repository.full_name}/{'pull' if issue.pull else 'issues'}/{issue.number}"
        pull = {"pull_request": {"url": f"{self.api(repository)}/pulls/{issue.number}", "html_url": page}}
        return {
            "url": api,
            "repository_url": self.api(repository),
            "labels_url": api + "/labels{/name}",
            "comments_url": api + "/comments",
            "events_url": api + "/events",
            "html_url": page,
            "id": issue.id,
            "node_id": f"I_{issue.id}",
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author),
            "labels": [self.label(repository, label) for label in issue.labels],
            "state": issue.state,
            "state_reason": None if issue.state == "open" else "completed",
            "locked": issue.locked,
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "comments": len(issue.comments),
            "created_at": moment(issue.created_at),
            "updated_at": moment(issue.updated_at),
            "closed_at": moment(issue.closed_at) if issue.closed_at else None,
            "author_association": repository.association(issue.author),
            "body": issue.body,
            "performed_via_github_app": None,
            **(pull if issue.pull else {}),
        }

    def comment(self, repository: Repository, issue: Issue, comment: Comment) -> Json:
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self.api(repository)}/issues/comments/{comment.id}",
            "html_url": f"{self._url}/{repository.full_name}/issues/{issue.number}#issuecomment-{comment.id}",
            "issue_url": f"{self.api(repository)}/issues/{issue.number}",
            "user": self.user(comment.author),
            "created_at": moment(comment.created_at),
            "updated_at": moment(comment.updated_at),
            "author_association": repository.association(comment.author),
            "body": comment.body,
            "performed_via_github_app": self.app() if comment.author == self._world.bot else None,
        }

    def event(self, repository: Repository, event: Event) -> Json:
        shown: Json = {
            "id": event.id,
            "node_id": f"LE_{event.id}",
            "url": f"{self.api(repository)}/issues/events/{event.id}",
            "actor": self.user(event.actor) if event.actor else None,
            "event": event.event,
            "commit_id": None,
            "commit_url": None,
            "created_at": moment(event.at),
            "performed_via_github_app": self.app() if event.by_app or event.actor == self._world.bot else None,
        }
        return shown | ({"label": {"name": event.label, "color": "ededed"}} if event.label else {})

    def attempt(self, attempt: Attempt) -> Json:
        """Return an attempt at a delivery, as the App sees it."""
        delivery = attempt.delivery
        return {
            "id": attempt.id,
            "guid": delivery.id,
            "delivered_at": moment(attempt.at),
            "redelivery": len(delivery.statuses) > 1,
            "duration": 0.1,
            "status": "OK" if 200 <= attempt.status < 300 else "failed",
            "status_code": attempt.status,
            "event": delivery.event,
            "action": delivery.payload.get("action"),
            "installation_id": None,
            "repository_id": None,
        }

    def delivery(self, repository: Repository, action: str | None, sender: Actor, **more: Json) -> Json:
        """Return the body of a webhook about something in a repository."""
        installation = {"id": repository.installation_id, "node_id": f"MDI_{repository.installation_id}"}
        about = {"repository": self.repository(repository), "sender": self.user(sender), "installation": installation}
        return {**({"action": action} if action else {}), **more, **about}
