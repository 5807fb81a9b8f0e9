"""Use case: people answer the bot in comments: they tick a box of its own comment, or give it a command.

What they say of a label is their judgement of it, recorded before the label is put on or taken off in their stead.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from bot import acts, commands, comments, events, explaining, feedback, in_force, storage, written
from bot.commands import Command
from bot.context import Context
from bot.events import need
from bot.feedback import LabelAct
from bot.label_names import LabelNames
from bot.models import ActorKind, Delivery, Guess, Repository, Truth
from bot.remote import RepositoryGateway

log = logging.getLogger(__name__)

FOLLOWED, REFUSED = "+1", "confused"  # reactions
ACCEPT = "accept"
JUDGING = (ACCEPT, "no")  # commands that say of labels whether they fit
SKEW = timedelta(minutes=1)  # by which our clock may be ahead of GitHub's


def on_comment(context: Context, delivery: Delivery, repo: Repository, payload: Mapping[str, Any]) -> None:
    """Follow a comment on an issue, or what is done to our own comment; other bots are not listened to."""
    issue, comment, who = need(payload, "issue", dict), need(payload, "comment", dict), events.sender(payload)
    if who.is_bot or issue.get("pull_request"):
        return
    number, at = need(issue, "number", int), events.moment(need(comment, "updated_at", str))
    answer = _Answer(context, delivery, repo, number, who.login, at)
    body, author, key = comment.get("body") or "", (comment.get("user") or {}).get("login"), need(comment, "id", int)
    if delivery.action == "created":
        answer.follow(commands.parse(body), key)
    elif comments.MARKER not in body or author != context.github.login():
        return
    elif delivery.action == "deleted":
        with context.database.write() as session:
            written.note_comment(session, repo.id, number, key)
    else:
        answer.tick(comments.boxes(_before(payload)), comments.boxes(body))


def _before(payload: Mapping[str, Any]) -> str:
    changes = payload.get("changes") or {}
    return str((changes.get("body") or {}).get("from") or "")


def fold_settled(context: Context, delivery: Delivery, repo: Repository, number: int, *, unasked: bool = False) -> None:
    """Fold our comment on an issue away if people have judged every label that it suggests."""
    with context.database.read() as session:
        if not storage.has_comment(session, repo.id, number):
            return
        known = storage.truths(session, repo.id, number)
        suggested = {each.label.lower() for each in _standing(session, repo, number)}
    judged = {name.lower() for name, truth in known.items() if truth is not Truth.UNCONFIRMED}
    gateway = context.gateway(repo, delivery, unasked=unasked)
    if suggested and suggested <= judged and gateway.issue(number) is not None:
        there = gateway.marked_comment(number, comments.MARKER)
        folded = comments.fold(there.body, language=in_force.config(repo).language) if there else ""
        if there and folded != there.body:
            gateway.edit_comment(number, there.id, folded)


def _standing(session: Session, repo: Repository, number: int, *, before: datetime | None = None) -> list[Guess]:
    """Return what was written with the latest prediction of an issue that was, before a moment if one is given."""
    last = written.latest(session, repo.id, number, before=before)
    return [each for each in storage.guesses(session, last.id) if each.written] if last else []


def take_back(
    context: Context, repo: Repository, number: int, *, delivery: Delivery | None = None, since: datetime | None = None
) -> list[str]:
    """Take back what the bot wrote on an issue, since a moment if one is given, and nobody confirmed.

    Return what that was, in words. What waits to be written there is called off.
    """
    gateway = context.gateway(repo, delivery)
    with context.database.write() as session:
        written.call_off(session, repo.id, number)
        known = {name.lower(): truth for name, truth in storage.truths(session, repo.id, number).items()}
        ours = written.guesses(session, repo.id, number)
        names = LabelNames(storage.all_labels(session, repo.id))
    issue = gateway.issue(number)
    if issue is None:
        return []
    said = {each: known.get(each.label.lower(), Truth.UNCONFIRMED) for each in ours}
    unconfirmed = [each for each, truth in said.items() if truth is Truth.UNCONFIRMED]
    put_on = {each.label.lower() for each in unconfirmed if each.written == "applied"}
    applied = [name for name in issue.labels if name.lower() in put_on]
    if applied and since is not None:
        late = [each for each in gateway.label_events(number) if each.action == "labeled" and each.at >= since]
        applied = [name for name in applied if name in {names.present(each.label, each.at) for each in late}]
    for label in applied:
        gateway.remove_label(number, label)
    done = [f"label {label}" for label in applied]
    if suggested := {each.label.lower() for each in unconfirmed if each.written == "suggested"}:
        pending = [each for each in gateway.suggestions(number) or () if each.state == "pending"]
        late_ones = [each for each in pending if since is None or each.at >= since]
        open_ones = [each for each in late_ones if each.label.lower() in suggested]
        for each in open_ones:
            gateway.dismiss_suggestion(number, each.id)
        done += [f"suggestion {each.label}" for each in open_ones]
    accepted = any(truth is Truth.POSITIVE for each, truth in said.items() if each.written == "suggested")
    there = None if accepted else gateway.marked_comment(number, comments.MARKER)
    if there:
        gateway.delete_comment(number, there.id)
        done.append("comment")
    if done and Truth.POSITIVE not in said.values():
        with context.database.write() as session:
            written.note_undone(session, {each.prediction_id for each in unconfirmed})
    return done


@dataclass(frozen=True)
class _Answer:
    """What somebody says in a comment on an issue, and when."""

    context: Context
    delivery: Delivery
    repo: Repository
    number: int
    actor: str
    at: datetime

    @cached_property
    def _gateway(self) -> RepositoryGateway:
        return self.context.gateway(self.repo, self.delivery)

    def tick(self, before: Mapping[str, bool], now: Mapping[str, bool]) -> None:
        """Follow the boxes that were ticked, or are not any more; only who may write can edit our comment.

        They are of the labels that had these names when they were written. One that was changed just when we wrote the
        comment anew is changed again.
        """
        changed = {name: ticked for name, ticked in now.items() if ticked != before.get(name, False)}
        with self.context.database.read() as session:
            names = LabelNames(storage.all_labels(session, self.repo.id))
            last = written.latest(session, self.repo.id, self.number)
        then = last.written_at if last and last.written_at else self.at
        present = {name: names.present(name, then) for name in changed}
        stands = self._judge({present[name]: ticked for name, ticked in changed.items()})
        self._show({name: ticked for name, ticked in changed.items() if present[name] in stands})

    def _show(self, boxes: Mapping[str, bool]) -> None:
        """Let the boxes of our comment, if there is one, show what was said of their labels."""
        gateway = self._gateway
        there = gateway.marked_comment(self.number, comments.MARKER) if boxes else None
        body = comments.with_boxes(there.body, boxes) if there else ""
        if there and body != there.body:
            gateway.edit_comment(self.number, there.id, body)

    def follow(self, given: Sequence[Command], comment_id: int) -> None:
        """Follow commands as far as the one who gives them may, and show by a reaction whether all was followed."""
        if not given:
            return
        gateway = self._gateway
        role = gateway.role(self.actor)
        allowed = [command for command in given[: commands.MOST] if role in command.who]
        if said := self._said(allowed):
            self._show(self._judge(said))
        for command in allowed:
            if command.name not in JUDGING:
                getattr(self, f"_{command.name}")()
        followed = len(allowed) == len(given) and all(map(self._knows, allowed))
        gateway.react(comment_id, FOLLOWED if followed else REFUSED)

    def _said(self, given: Iterable[Command]) -> Mapping[str, bool]:
        """Return what commands say of labels, by name in lower case: of each the last word that names it.

        `accept` without a name is of all that was put on or suggested when it was said, and of which nothing else is.
        """
        said: dict[str, bool] = {}
        for command in given:
            named = {name.lower(): command.name == ACCEPT for name in command.labels}
            if command.name == ACCEPT and not named:
                said = {**dict.fromkeys(self._acceptable(), True), **said}
            elif command.name in JUDGING:
                said |= named
        return said

    def _acceptable(self) -> list[str]:
        with self.context.database.read() as session:
            standing = _standing(session, self.repo, self.number, before=self.at + SKEW)
            known = storage.truths(session, self.repo.id, self.number)
        return [each.label.lower() for each in standing if known.get(each.label) is not Truth.NEGATIVE]

    def _knows(self, command: Command) -> bool:
        """Tell whether the repository has the labels that a command judges; without any, `no` says nothing."""
        if command.name not in JUDGING:
            return True
        if not command.labels:
            return command.name == ACCEPT
        return all(name.lower() in self._spelling for name in command.labels)

    @cached_property
    def _spelling(self) -> Mapping[str, str]:
        """How the repository spells its labels, by their names in lower case."""
        return {label.name.lower(): label.name for label in self._gateway.labels()}

    def _undo(self) -> None:
        take_back(self.context, self.repo, self.number, delivery=self.delivery)

    def _explain(self) -> None:
        gateway = self._gateway
        issue = gateway.issue(self.number)
        if issue is None:
            return
        told = explaining.told(self.context, self.repo, issue)
        marks = (comments.MARKER, "")  # somebody may have edited the first one away
        there = next(filter(None, (gateway.marked_comment(self.number, mark) for mark in marks)), None)
        body = comments.with_explanation(there.body if there else comments.MARKER, told)
        if there is None:
            gateway.create_comment(self.number, body)
        elif there.body.strip() != body.strip():
            gateway.edit_comment(self.number, there.id, body)

    def _pause(self) -> None:
        self._set_paused(self.at)

    def _resume(self) -> None:
        self._set_paused(None)

    def _set_paused(self, at: datetime | None) -> None:
        """Pause since then, or resume; what is told late, after a newer command, changes nothing."""
        with self.context.database.write() as session:
            row = session.get_one(Repository, self.repo.id)
            if row.pause_told_at is not None and row.pause_told_at > self.at:
                return
            row.paused_at, row.pause_told_at = at, self.at
        log.info("repository paused" if at else "repository resumed", extra={"repository": self.repo.id})

    def _judge(self, said: Mapping[str, bool]) -> Mapping[str, bool]:
        """Record a judgement of each label that the repository has, and do with the label what it says; return those.

        Word of it may come late: where a person has said something else of the label since, it is only recorded.
        """
        gateway = self._gateway
        judged = {self._spelling[name.lower()]: on for name, on in said.items() if name.lower() in self._spelling}
        with self.context.database.write() as session:
            for act in self._acts(judged):
                feedback.record(session, act)
            known = storage.truths(session, self.repo.id, self.number)
            log = storage.label_log(session, self.repo.id, self.number)
        issue = gateway.issue(self.number) if judged else None
        if issue is None:
            return {}
        later = [event for event in gateway.label_events(self.number) if event.at > self.at]
        for name, right in list(judged.items()):
            told = [event for event in later if event.label == name]
            stands = known.get(name) is (Truth.POSITIVE if right else Truth.NEGATIVE)
            if not stands or acts.of_people(self.repo, issue, told, log):
                del judged[name]
        missing = [name for name, right in judged.items() if right and name not in issue.labels]
        if missing:
            gateway.add_labels(self.number, missing)
        for name, right in judged.items():
            if not right and name in issue.labels:
                gateway.remove_label(self.number, name)
        fold_settled(self.context, self.delivery, self.repo, self.number)
        return judged

    def _acts(self, judged: Mapping[str, bool]) -> Iterable[LabelAct]:
        for name, right in judged.items():
            key = f"{self.delivery.id}:{name}"
            yield LabelAct(key, self.repo.id, self.number, name, right, self.actor, ActorKind.PERSON, self.at)
