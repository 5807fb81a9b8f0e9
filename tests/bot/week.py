"""A week in the life of a repository: people act, deliveries get lost, GitHub fails, the bot is away; on one clock.

Most deliveries that are lost got no answer, which GitHub knows. Of some it believes that they arrived, since something
between it and the bot answered: only of those that tell what a pull finds out as well, so not of comments.
"""

import heapq
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import flask

from bot import challenge, comments, handling, scheduler, webhook
from bot.models import Delivery, Work
from tests.bot.usecases import START, WORDS, Tagger
from tests.standin.fixtures import NAME
from tests.standin.state import Comment, Issue

OTHER = "octo/other"
END = START + timedelta(days=7)
FAILED, SWALLOWED, TWICE = 0.035, 0.015, 0.02  # shares of the deliveries
PULLED = {"opened", "edited", "labeled", "unlabeled", "closed", "reopened"}
FAULTS = ("500", "502", "403", "limit", "429", "401", "cut", "drop", "garbled")
HUMANS = {"maintainer", "helper"}  # who may label
MODE_APPLY = {".github/issue-tagger.yml": b"mode: apply\n"}


@dataclass(order=True)
class Planned:
    """Something that is to happen."""

    at: datetime
    order: int
    act: Callable[[], object] = field(compare=False)


@dataclass(frozen=True)
class Said:
    """What a person said of a label in a comment or by a box; `place` orders it among GitHub's events."""

    place: int
    number: int
    label: str
    right: bool


class Week:
    """Everything that happens; `seed` decides all of it."""

    def __init__(self, bot: Tagger, *, issues: int, seed: int) -> None:
        self.bot, self.github, self.world, self.people = bot, bot.github, bot.github.world, bot.github.people
        self.random = random.Random(seed)
        self.name = NAME
        self.world.add_repository(OTHER, ["bug", "docs"])
        self.world.find(NAME).roles["helper"] = "triage"
        self.lost = self.twice = self.trainings = 0
        self.said: list[Said] = []
        self.paused = START + timedelta(days=1.2), START + timedelta(days=1.3)
        self.called = {name: name for name in WORDS}  # what the labels are called now
        self._down = False
        self._asked: list[int] = []  # trainings
        jobs = scheduler.create(bot.context, call_worker=lambda _: None, call_trainer=self._asked.append)
        self._jobs = [job.func for job in jobs.get_jobs()]
        self._todo: list[Planned] = []
        self._order = itertools.count()
        self._receive_webhooks()
        self._plan(issues)

    # --- deliveries

    def _receive_webhooks(self) -> None:
        context, app = self.bot.context, flask.Flask(__name__)
        path, secret = context.settings.webhook_path, self.github.app
        app.register_blueprint(webhook.create(secret, path, context.database, call=lambda _: None, now=context.now))
        web = app.test_client()

        def deliver(headers: Mapping[str, str], body: bytes) -> int:
            """Hand a delivery over, once or twice, or lose it; return what GitHub takes for the answer."""
            luck, action = self.random.random(), json.loads(body).get("action")
            if self._down or luck < FAILED:
                self.lost += 1
                return 0
            if luck < FAILED + SWALLOWED and headers["X-GitHub-Event"] == "issues" and action in PULLED:
                self.lost += 1
                return 200
            again = luck > 1 - TWICE
            self.twice += again
            return max(web.post(path, data=body, headers=dict(headers)).status_code for _ in range(1 + again))

        self.github.webhooks.transport, self.github.webhooks.clock = deliver, self.bot.clock

    # --- what will happen

    def _plan(self, issues: int) -> None:
        whole = (END - START).total_seconds()
        for _ in range(issues):
            self._at(START + timedelta(seconds=self.random.uniform(0, whole)), self._open)
        for when, command in zip(self.paused, ("pause", "resume"), strict=True):
            self._at(when, lambda command=command: self._say(self._any(), f"/tagger {command}"))
        self._after(days=2, act=self._go_down)
        self._after(days=2, hours=1, act=self._come_back)
        self._after(days=2.5, act=lambda: self.people.push(self.name, MODE_APPLY))
        self._after(days=3, act=lambda: self._rename("question", "support"))
        self._after(days=4, act=lambda: self.github.fail_next(10**6, "502", "^/repos"))
        self._after(days=4, hours=1, act=self.github.heal)
        self._after(days=4.5, act=lambda: self._delete_label("documentation"))
        self._after(days=5, act=self._rename_repository)
        for hour in range(7 * 24):
            if self.random.random() < 0.3 and not 96 <= hour < 97:
                self._after(hours=hour + self.random.random(), act=self._fail)

    def _at(self, at: datetime, act: Callable[[], object]) -> None:
        heapq.heappush(self._todo, Planned(at.replace(microsecond=0), next(self._order), act))

    def _after(self, *, act: Callable[[], object], **span: float) -> None:
        self._at(START + timedelta(**span), act)

    def _later(self, act: Callable[[], object], *, hours: float) -> None:
        """Plan for some time after now, `hours` on average."""
        self._at(self.bot.clock() + timedelta(hours=self.random.expovariate(1 / hours)), act)

    # --- the bot and its environment

    def _go_down(self) -> None:
        self._down = True

    def _come_back(self) -> None:
        self._down = False

    def _fail(self) -> None:
        self.github.fail_next(self.random.randint(1, 4), self.random.choice(FAULTS), "^/repos", seconds=300)

    def _rename_repository(self) -> None:
        self.people.rename_repository(self.name, "octo/renamed")
        self.name = "octo/renamed"

    def _rename(self, name: str, new: str) -> None:
        self.called[name] = new
        self.people.rename_label(self.name, name, new)

    def _delete_label(self, name: str) -> None:
        del self.called[name]
        self.people.delete_label(self.name, name)

    # --- what people do with an issue

    def _any(self) -> int:
        return self.random.choice([each.number for each in self.world.find(self.name).issues.values() if each.here])

    def _open(self) -> None:
        label = self.random.choices([*WORDS, ""], [9, 5, 4, 2])[0]
        words = WORDS.get(label, "today tomorrow yesterday").split()
        by = self.random.choices(["reporter", "helper"], [9, 1])[0]
        form = [self.called[label]] if label in self.called and self.random.random() < 0.05 else []
        title = f"{self.random.choice(words)} in part {self.random.randrange(50)}"
        issue = self.people.open_issue(self.name, title, body=" ".join(words), author=by, labels=form)
        for act, often in self._habits(label).items():
            if self.random.random() < often:
                self._later(lambda act=act: self._if_here(issue, act), hours=self.random.choice([0.02, 1, 12]))

    def _habits(self, label: str) -> dict[Callable[[Issue], object], float]:
        """Return what happens to an issue of which `label` is right, and how often."""
        wrong = self.random.choice(list(WORDS))
        return {
            lambda issue: self._label(issue, label): 0.25,
            lambda issue: self._label(issue, wrong): 0.1,
            lambda issue: self._unlabel(issue): 0.1,
            lambda issue: self._tick(issue, on=True): 0.25,
            lambda issue: self._tick(issue, on=False): 0.1,
            lambda issue: self._say(issue.number, "/tagger accept"): 0.1,
            lambda issue: self._say(issue.number, f"/tagger no {self.called.get(wrong, wrong)}"): 0.1,
            lambda issue: self._say(issue.number, f"/tagger accept {self.called.get(label, label)}"): 0.05,
            lambda issue: self._say(issue.number, "/tagger undo"): 0.05,
            lambda issue: self._say(issue.number, "/tagger explain"): 0.05,
            lambda issue: self._say(issue.number, "/tagger accept", by="stranger"): 0.05,
            lambda issue: self.people.label(self.name, issue.number, "stale", by="stale[bot]"): 0.05,
            lambda issue: self.people.edit(self.name, issue.number, title=f"{WORDS[wrong]} after all"): 0.1,
            lambda issue: self.people.close(self.name, issue.number): 0.2,
            lambda issue: self.people.reopen(self.name, issue.number): 0.05,
            lambda issue: self.people.delete(self.name, issue.number): 0.02,
            lambda issue: self.people.transfer(self.name, issue.number, OTHER): 0.02,
        }

    def _if_here(self, issue: Issue, act: Callable[[Issue], object]) -> None:
        if issue.here:
            act(issue)

    def _label(self, issue: Issue, label: str) -> None:
        if label in self.called:
            self.people.label(self.name, issue.number, self.called[label], by=self.random.choice(sorted(HUMANS)))

    def _unlabel(self, issue: Issue) -> None:
        if issue.labels:
            self.people.unlabel(self.name, issue.number, self.random.choice(sorted(issue.names())))

    def comments_of_the_bot(self, issue: Issue) -> list[Comment]:
        mine = [each for each in issue.comments if each.author == self.world.bot]
        return [each for each in mine if comments.MARKER in each.body]

    def _tick(self, issue: Issue, *, on: bool) -> None:
        """Tick a box of the bot's comment or take the tick off, if there is one to."""
        ours = self.comments_of_the_bot(issue)
        shown = comments.boxes(ours[0].body) if ours else {}
        if fitting := [label for label, ticked in shown.items() if ticked is not on]:
            label, (old, new) = self.random.choice(fitting), ("- [ ] ", "- [x] ") if on else ("- [x] ", "- [ ] ")
            line = f"{comments.code(label)} "
            self._note(issue.number, label, right=on)
            self.people.edit_comment(self.name, issue.number, ours[0], ours[0].body.replace(old + line, new + line))

    def _say(self, number: int, text: str, *, by: str = "maintainer") -> None:
        """Give a command, and note what it says of labels, if its giver may."""
        ours = self.comments_of_the_bot(self.world.issue(self.name, number))
        shown = list(comments.boxes(ours[0].body)) if ours else []
        _, command, *labels = text.split()
        if by in HUMANS and command in {"accept", "no"}:
            for label in labels or shown:
                self._note(number, label, right=command == "accept")
        self.people.comment(self.name, number, text, by=by)

    def _note(self, number: int, label: str, *, right: bool) -> None:
        self.said.append(Said(self.world.next_id(), number, label, right))

    # --- time goes by

    def live(self) -> None:
        """Let the week pass, and a day after it in which people finish what they began."""
        clock, hourly = self.bot.clock, START
        while clock.at < END + timedelta(days=1):
            moments = [hourly, *(each.due_at for each in self._waiting()), *(each.at for each in self._todo[:1])]
            clock.at = max(min(moments), clock.at + timedelta(seconds=1))
            while self._todo and self._todo[0].at <= clock.at:
                heapq.heappop(self._todo).act()
                self.github.webhooks.drain()
            self._work()
            if clock.at >= hourly:
                hourly = clock.at + timedelta(hours=1)
                self._run_jobs()
                self._work()

    def _run_jobs(self) -> None:
        """Run all that the scheduler runs, and what it asks the trainer for."""
        for job in [] if self._down else self._jobs:
            job()
        while self._asked:
            challenge.run(self.bot.context, self._asked.pop())
            self.trainings += 1

    def _waiting(self) -> list[Delivery]:
        """Return the deliveries that are to be handled, if there is somebody to do it."""
        return [] if self._down else list(self.bot.rows(Delivery, status=Work.QUEUED))

    def _work(self) -> None:
        """Handle what is due, in whatever order, and what comes of it."""
        while ids := [each.id for each in self._waiting() if each.due_at <= self.bot.clock()]:
            self.random.shuffle(ids)
            for each in ids:
                handling.handle(self.bot.context, each)
                self.github.webhooks.drain()
