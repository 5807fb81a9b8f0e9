"""GitHub's endpoints that the bot needs, as functions from a request to an answer. No sockets here."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from tests.standin.answers import Answer, HttpError, Request, page
from tests.standin.payloads import Json, Payloads, moment
from tests.standin.people import People
from tests.standin.state import Actor, Comment, Event, Issue, Repository, Suggestion, World
from tests.standin.webhooks import Webhooks

LONGEST_LABEL, LONGEST_STATUS, LONGEST_RATIONALE = 50, 140, 280
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
HOUR = timedelta(hours=1)
LARGEST_SHOWN = 1024 * 1024  # bytes: of a larger file GitHub gives no content here
STATES = ("error", "failure", "pending", "success")


Endpoint = Callable[["Endpoints", Request, dict[str, str]], Answer]
ROUTES: list[tuple[str, re.Pattern[str], str, Endpoint]] = []  # method, path, who may, what to do
REPOSITORY = r"(?:/repos/(?P<name>[^/]+/[^/]+)|/repositories/(?P<id>\d+))"
ISSUE = REPOSITORY + r"/issues/(?P<number>\d+)"


def route(method: str, path: str, who: str = "installation") -> Callable[[Endpoint], Endpoint]:
    def register(endpoint: Endpoint) -> Endpoint:
        ROUTES.append((method, re.compile(path + "$"), who, endpoint))
        return endpoint

    return register


class Endpoints:
    """Answers from the world, and acts of the App on it."""

    def __init__(
        self, world: World, payloads: Payloads, people: People, webhooks: Webhooks, *, url: str, public_key: bytes
    ) -> None:
        self._world = world
        self._webhooks = webhooks
        self._payloads = payloads
        self._people = people
        self._url = url
        self._public_key = public_key

    def answer(self, request: Request, authorization: str) -> Answer:
        """Find out who asks, and answer."""
        try:
            self._authenticate(request, authorization)
            self._count(request)
            for method, path, who, endpoint in ROUTES:
                if method == request.method and (found := path.match(request.path)):
                    self._authorize(request, who)
                    return self._with_limit(request, endpoint(self, request, found.groupdict()))
            raise HttpError(404, "Not Found")
        except HttpError as error:
            return self._with_limit(request, error.answer)

    # --- how often an installation may ask

    def _count(self, request: Request) -> None:
        """Count a request of an installation, and refuse it where its hourly limit is used up."""
        if request.installation_id is None:
            return
        with self._world.lock:
            installation, now = self._world.installations[request.installation_id], self._world.clock()
            if now >= installation.renewed_at:
                installation.used, installation.renewed_at = 0, now + HOUR
            installation.used += 1
        if installation.used > installation.limit:
            raise HttpError(403, f"API rate limit exceeded for installation ID {installation.id}.")

    def _with_limit(self, request: Request, answer: Answer) -> Answer:
        installation = self._world.installations.get(request.installation_id or 0)
        if installation is None:
            return answer
        headers = {
            "X-RateLimit-Limit": str(installation.limit),
            "X-RateLimit-Remaining": str(max(installation.limit - installation.used, 0)),
            "X-RateLimit-Reset": str(int(installation.renewed_at.timestamp())),
        }
        return Answer(answer.body, answer.status, {**headers, **answer.headers})

    # --- who asks

    def _authenticate(self, request: Request, authorization: str) -> None:
        kind, _, secret = authorization.partition(" ")
        if not secret:
            return
        if kind == "Bearer":
            self._check_jwt(secret)
            request.actor = "app"
            return
        token = self._world.token(secret)
        if token is None:
            raise HttpError(401, "Bad credentials")
        request.installation_id = token.installation_id
        request.actor = f"installation:{token.installation_id}"

    def _check_jwt(self, secret: str) -> None:
        issuer, now = str(self._world.app_id), self._world.real_now().timestamp()
        options: Any = {"require": ["exp", "iat", "iss"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(secret, self._public_key, algorithms=["RS256"], issuer=issuer, options=options)
        except jwt.InvalidTokenError as error:
            raise HttpError(401, "A JSON web token could not be decoded") from error
        if claims["exp"] > now + 600:
            raise HttpError(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims["exp"] <= now or claims["iat"] > now:
            raise HttpError(401, "'Expiration time' claim ('exp') or 'Issued at' claim ('iat') is not of now")

    def _authorize(self, request: Request, who: str) -> None:
        if who == "app" and request.actor != "app":
            raise HttpError(401, "A JSON web token could not be decoded")
        if who == "installation" and request.installation_id is None:
            readable = request.actor == "anonymous" and request.method == "GET" and "/issues" in request.path
            if not readable:
                raise HttpError(401, "Requires authentication")

    # --- what is asked for

    def repository(self, request: Request, found: dict[str, str]) -> Repository:
        """Return the repository of a path, if the installation covers it; 301 at a former name."""
        repositories, name = self._world.repositories, found.get("name")
        if name in self._world.former_names:
            rest = request.path.removeprefix(f"/repos/{name}")
            raise self._moved(f"/repositories/{self._world.former_names[name]}{rest}")
        known = [each for each in repositories.values() if each.full_name == name or str(each.id) == found.get("id")]
        if not known or request.installation_id not in {None, known[0].installation_id}:
            raise HttpError(404, "Not Found")
        return known[0]

    def issue(self, request: Request, found: dict[str, str]) -> tuple[Repository, Issue]:
        """Return the issue of a path; 410 if it was deleted, 301 if it was transferred."""
        repository = self.repository(request, found)
        self._need_issues(repository)
        issue = repository.issues.get(int(found["number"]))
        if issue is None:
            raise HttpError(404, "Not Found")
        if issue.deleted:
            raise HttpError(410, "This issue was deleted")
        if issue.moved:
            rest = request.path.partition(f"/issues/{issue.number}")[2]
            raise self._moved(f"/repositories/{issue.moved[0]}/issues/{issue.moved[1]}{rest}")
        return repository, issue

    def _need_issues(self, repository: Repository) -> None:
        if not repository.has_issues:
            raise HttpError(410, "Issues has been disabled in this repository.")

    def _moved(self, path: str) -> HttpError:
        return HttpError(301, "Moved Permanently", Location=self._url + path)

    def need_write(self, request: Request) -> None:
        """Refuse an installation without the permission to write issues."""
        self.need(request, "issues", "write")

    def need(self, request: Request, what: str, access: str) -> None:
        """Refuse an installation without a permission."""
        installation = self._world.installations[request.installation_id or 0]
        if installation.permissions.get(what) not in {access, "write"}:
            raise HttpError(403, "Resource not accessible by integration")

    # --- the App

    @route("GET", "/app", "app")
    def app(self, request: Request, found: dict[str, str]) -> Answer:
        return Answer(self._payloads.app())

    @route("POST", "/app-manifests/(?P<code>[^/]+)/conversions", "anybody")
    def convert(self, request: Request, found: dict[str, str]) -> Answer:
        if found["code"] not in self._world.codes:
            raise HttpError(404, "Not Found")
        self._world.codes.remove(found["code"])
        about = {**self._payloads.app(), "html_url": f"{self._url}/apps/{self._world.slug}"}
        return Answer(
            {**about, "pem": self._world.pem, "webhook_secret": self._webhooks.secret, "client_id": "Iv1.x"}, 201
        )

    @route("GET", "/app/hook/deliveries", "app")
    def deliveries(self, request: Request, found: dict[str, str]) -> Answer:
        return page(self._url, request, self._webhooks.attempts[::-1], self._payloads.attempt)

    @route("POST", r"/app/hook/deliveries/(?P<delivery>\d+)/attempts", "app")
    def redeliver(self, request: Request, found: dict[str, str]) -> Answer:
        number = int(found["delivery"])
        if number >= len(self._webhooks.attempts):
            raise HttpError(404, "Not Found")
        self._webhooks.attempt(self._webhooks.attempts[number].delivery)
        return Answer({}, 202)

    @route("GET", "/app/installations", "app")
    def installations(self, request: Request, found: dict[str, str]) -> Answer:
        return page(self._url, request, list(self._world.installations.values()), self._payloads.installation)

    @route("POST", r"/app/installations/(?P<installation>\d+)/access_tokens", "app")
    def access_token(self, request: Request, found: dict[str, str]) -> Answer:
        installation = self._world.installations.get(int(found["installation"]))
        if installation is None:
            raise HttpError(404, "Not Found")
        if installation.suspended:
            raise HttpError(403, "This installation has been suspended")
        text, token = self._world.issue_token(installation.id)
        expiry = moment(token.expires_at)
        return Answer({"token": text, "expires_at": expiry, "permissions": installation.permissions}, 201)

    @route("GET", "/installation/repositories")
    def covered(self, request: Request, found: dict[str, str]) -> Answer:
        known = self._world.repositories.values()
        ours = [each for each in known if each.installation_id == request.installation_id]
        return page(self._url, request, ours, self._payloads.repository, under="repositories")

    # --- a repository

    @route("GET", REPOSITORY)
    def one_repository(self, request: Request, found: dict[str, str]) -> Answer:
        return Answer(self._payloads.repository(self.repository(request, found)))

    @route("GET", REPOSITORY + "/labels")
    def labels(self, request: Request, found: dict[str, str]) -> Answer:
        repository = self.repository(request, found)
        return page(
            self._url, request, list(repository.labels.values()), lambda each: self._payloads.label(repository, each)
        )

    @route("GET", REPOSITORY + "/contents/(?P<path>.+)")
    def contents(self, request: Request, found: dict[str, str]) -> Answer:
        repository = self.repository(request, found)
        self.need(request, "contents", "read")
        if folder := [path for path in repository.files if path.rpartition("/")[0] == found["path"]]:
            return Answer([self._payloads.file(path, repository.files[path]) for path in folder])
        content = repository.files.get(found["path"])
        if content is None:
            raise HttpError(404, "Not Found")
        about = self._payloads.file(found["path"], content)
        if len(content) > LARGEST_SHOWN:
            return Answer({**about, "encoding": "none", "content": ""})
        return Answer({**about, "encoding": "base64", "content": base64.encodebytes(content).decode()})

    @route("POST", REPOSITORY + "/statuses/(?P<sha>[0-9a-f]{40})")
    def set_status(self, request: Request, found: dict[str, str]) -> Answer:
        repository = self.repository(request, found)
        self.need(request, "statuses", "write")
        if len(request.body["description"]) > LONGEST_STATUS or request.body["state"] not in STATES:
            raise HttpError(422, "Validation Failed")
        repository.statuses.append((found["sha"], request.body["state"], request.body["description"]))
        return Answer({"id": len(repository.statuses), **request.body}, 201)

    @route("GET", REPOSITORY + "/collaborators/(?P<login>[^/]+)/permission")
    def permission(self, request: Request, found: dict[str, str]) -> Answer:
        role = self.repository(request, found).role(found["login"])
        below = {"maintain": "write", "triage": "read", "release manager": "write"}
        return Answer({"permission": below.get(role, role), "role_name": role})

    @route("GET", REPOSITORY + "/issues")
    def issues(self, request: Request, found: dict[str, str]) -> Answer:
        repository, query = self.repository(request, found), request.query
        self._need_issues(repository)
        chosen = [each for each in repository.issues.values() if each.here]
        if query.get("state", "open") != "all":
            chosen = [each for each in chosen if each.state == query.get("state", "open")]
        if "since" in query:
            since = datetime.fromisoformat(query["since"]).astimezone(UTC)
            chosen = [each for each in chosen if each.updated_at >= since]
        by = "updated_at" if query.get("sort") == "updated" else "created_at"
        sign = -1 if query.get("direction", "desc") == "desc" else 1

        def place(issue: Issue) -> list[float]:
            return [sign * getattr(issue, by).timestamp(), sign * issue.number]

        return page(
            self._url,
            request,
            sorted(chosen, key=place),
            lambda each: self._payloads.issue(repository, each),
            place=place,
        )

    @route("GET", REPOSITORY + "/issues/events")
    def all_events(self, request: Request, found: dict[str, str]) -> Answer:
        repository = self.repository(request, found)
        newest_first = [pair for pair in reversed(repository.events) if pair[0].here]

        def shape(pair: tuple[Issue, Event]) -> Json:
            issue, event = pair
            return {**self._payloads.event(repository, event), "issue": self._payloads.issue(repository, issue)}

        return page(self._url, request, newest_first, shape, place=lambda pair: [-pair[1].id])

    # --- an issue

    @route("GET", ISSUE)
    def one_issue(self, request: Request, found: dict[str, str]) -> Answer:
        return Answer(self._payloads.issue(*self.issue(request, found)))

    @route("GET", ISSUE + "/events")
    def events(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        return page(self._url, request, issue.events, lambda each: self._payloads.event(repository, each))

    @route("GET", ISSUE + "/labels")
    def issue_labels(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        return page(self._url, request, issue.labels, lambda each: self._payloads.label(repository, each))

    @route("POST", ISSUE + "/labels")
    def add_labels(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        self.need_write(request)
        given = request.body["labels"] if isinstance(request.body, dict) else request.body
        if suggested := [each for each in given if isinstance(each, dict) and each.get("suggest")]:
            self._suggest(repository, issue, suggested)
            return Answer([self._payloads.label(repository, each) for each in issue.labels])
        names = [each["name"] if isinstance(each, dict) else each for each in given]
        if any(not name or len(name) > LONGEST_LABEL for name in names):
            raise HttpError(422, "Validation Failed")
        self._people.label(repository.full_name, issue.number, *names, by=self._world.bot.login)
        return Answer([self._payloads.label(repository, each) for each in issue.labels])

    def _suggest(self, repository: Repository, issue: Issue, given: list[dict[str, Any]]) -> None:
        """Suggest labels; GitHub's trap is that one which the issue has already is taken off."""
        if not repository.suggests or any(len(each["rationale"]) > LONGEST_RATIONALE for each in given):
            raise HttpError(422, "Validation Failed")
        for each in given:
            if each["name"].lower() in {name.lower() for name in issue.names()}:
                self._people.unlabel(repository.full_name, issue.number, each["name"], by=self._world.bot.login)
            reasons = each["rationale"], each["confidence"]
            issue.suggestions.append(Suggestion(self._world.next_id(), each["name"], *reasons, self._world.clock()))

    @route("GET", ISSUE + "/suggestions")
    def suggestions(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        if not repository.suggests:
            raise HttpError(404, "Not Found")

        def shape(each: Suggestion) -> Json:
            return {
                "id": each.id,
                "issue_id": issue.id,
                "action": "add_label",
                "state": each.state,
                "target_id": repository.labels[each.label.lower()].id,
                "target_value": each.label,
                "rationale": each.rationale,
                "confidence": each.confidence.upper(),
                "actor_id": self._world.bot.id,
                "issue_event_id": None,
                "resolved_by": each.resolved_by,
                "created_at": moment(each.updated_at),
                "updated_at": moment(each.updated_at),
            }

        return page(self._url, request, issue.suggestions, shape)

    @route("POST", ISSUE + r"/suggestions/(?P<suggestion>\d+)/dismiss")
    def dismiss(self, request: Request, found: dict[str, str]) -> Answer:
        _, issue = self.issue(request, found)
        self.need_write(request)
        suggestion = next((each for each in issue.suggestions if each.id == int(found["suggestion"])), None)
        if suggestion is None or suggestion.state != "pending":
            raise HttpError(404 if suggestion is None else 422, "Validation Failed")
        suggestion.state, suggestion.resolved_by = "dismissed", self._world.bot.id
        return Answer({"id": suggestion.id, "state": suggestion.state})

    @route("DELETE", ISSUE + "/labels/(?P<label>.+)")
    def remove_label(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        self.need_write(request)
        name = found["label"]
        if name.lower() not in {each.lower() for each in issue.names()}:
            raise HttpError(404, "Label does not exist")
        self._people.unlabel(repository.full_name, issue.number, name, by=self._world.bot.login)
        return Answer([self._payloads.label(repository, each) for each in issue.labels])

    @route("GET", ISSUE + "/comments")
    def comments(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        return page(self._url, request, issue.comments, lambda each: self._payloads.comment(repository, issue, each))

    @route("POST", ISSUE + "/comments")
    def create_comment(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue = self.issue(request, found)
        self.need_write(request)
        bot = self._world.bot.login
        comment = self._people.comment(repository.full_name, issue.number, request.body["body"], by=bot)
        return Answer(self._payloads.comment(repository, issue, comment), 201)

    def _comment(self, request: Request, found: dict[str, str]) -> tuple[Repository, Issue, Comment]:
        repository = self.repository(request, found)
        self.need_write(request)
        everywhere = ((issue, each) for issue in repository.issues.values() for each in issue.comments)
        issue, comment = next((pair for pair in everywhere if pair[1].id == int(found["comment"])), (None, None))
        if issue is None or comment is None:
            raise HttpError(404, "Not Found")
        return repository, issue, comment

    @route("DELETE", REPOSITORY + r"/issues/comments/(?P<comment>\d+)")
    def delete_comment(self, request: Request, found: dict[str, str]) -> Answer:
        _, issue, comment = self._comment(request, found)
        issue.comments.remove(comment)
        return Answer(None, 204)

    @route("POST", REPOSITORY + r"/issues/comments/(?P<comment>\d+)/reactions")
    def react(self, request: Request, found: dict[str, str]) -> Answer:
        _, _, comment = self._comment(request, found)
        if request.body["content"] not in REACTIONS:
            raise HttpError(422, "Validation Failed")
        comment.reactions.append(request.body["content"])
        return Answer({"id": comment.id, "content": request.body["content"]}, 201)

    @route("PATCH", REPOSITORY + r"/issues/comments/(?P<comment>\d+)")
    def edit_comment(self, request: Request, found: dict[str, str]) -> Answer:
        repository, issue, comment = self._comment(request, found)
        if comment.author != Actor(self._world.bot.login):
            raise HttpError(403, "Resource not accessible by integration")
        comment.body, comment.updated_at = request.body["body"], self._world.clock()
        return Answer(self._payloads.comment(repository, issue, comment))
