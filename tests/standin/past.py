"""A long past for a repository, made at once: what people would have done one by one, without the deliveries."""

import random
from datetime import UTC, datetime, timedelta

from tests.standin.state import Actor, Event, Issue, Repository, World

BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
LABELS = ("bug", "documentation", "enhancement", "question", "performance", "api", "build", "tests")
ACTORS = tuple(map(Actor, ("maintainer", "maintainer", "maintainer", "stale[bot]", "reporter")))
WORDS = ("crash", "timer", "lid", "kettle", "update", "install", "screen", "button", "docs", "typo", "slow", "memory")


def fill(world: World, repository: Repository, *, issues: int, pulls: int, events: int, seed: int = 0) -> None:
    """Open issues with pull requests between them, an hour apart, and let their labels be put on and taken off."""
    dice, total = random.Random(seed), issues + pulls
    labels = [world.add_label(repository, name) for name in LABELS]
    for number in range(1, total + 1):
        at = BEGUN + timedelta(hours=number)
        title, body = " ".join(dice.choices(WORDS, k=6)), " ".join(dice.choices(WORDS, k=150))
        is_pull = number * pulls // total > (number - 1) * pulls // total
        repository.issues[number] = Issue(world.next_id(), number, title, body, Actor("reporter"), at, at, pull=is_pull)
    for index in range(events):
        issue, label = repository.issues[1 + index * total // events], dice.choice(labels)
        kind = "unlabeled" if label in issue.labels else "labeled"
        issue.labels = [each for each in issue.labels if each is not label] + [label] * (kind == "labeled")
        issue.updated_at += timedelta(minutes=1)
        event = Event(world.next_id(), kind, dice.choice(ACTORS), issue.updated_at, label.name)
        issue.events.append(event)
        repository.events.append((issue, event))
