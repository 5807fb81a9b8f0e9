"""Use case: an issue arrived, or a maintainer asked for an old one -> predict, decide, write to GitHub, record.

The prediction is stored before anything is written, and what is written is stored after each write. Between the two
the process may die: so before every write GitHub is asked what is there, and only what is missing is written.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bot import acts, comments, feedback, in_force, leases, rules, storage
from bot.context import Context
from bot.errors import GitHubRefused, NotYetError
from bot.events import IssueState
from bot.label_names import LabelNames
from bot.models import Delivery, Guess, Label, Mode, ModelVersion, Prediction, Repository
from bot.models import Issue as IssueRow
from bot.planning import Plan, Seen, plan, why_not
from bot.reasons import Reason
from bot.remote import NewSuggestion, RemoteIssue, RemoteLabelEvent, RepositoryGateway
from bot.serving import candidates, precision_targets, under_present_names
from bot.similar import most_similar
from pipeline.decisions import Decision
from pipeline.issues import Issue
from pipeline.training import LabelScore


@dataclass(frozen=True)
class Terms:
    """On what terms an issue is written on: `people_first` waits a while for them, `labels` are the only ones, if any.

    A closed issue, where that is `closed` for, gets labels that are sure enough to be put on, but no suggestion.
    """

    people_first: bool = True
    closed: bool = False
    labels: Collection[str] | None = None


NEW = Terms()


def tag(
    context: Context, delivery: Delivery, repo: Repository, state: IssueState | IssueRow, terms: Terms = NEW
) -> None:
    """Predict the labels of an issue, once for each delivery, and write what the repository's mode allows."""
    prediction = _predict_once(context, delivery, repo, state)
    if prediction.written_at is not None or prediction.not_written is not None:
        return
    if (prediction.repository_id, prediction.number) != (repo.id, state.number):
        _skip(context, delivery, prediction, Reason.GONE)  # transferred; its number may be another issue's here
        return
    _write(context, delivery, repo, prediction, terms)


# --- predict


def _predict_once(context: Context, delivery: Delivery, repo: Repository, state: IssueState | IssueRow) -> Prediction:
    with context.database.read() as session:
        known = storage.prediction_of(session, delivery.id)
        model = storage.champion(session, repo)
        labels = storage.all_labels(session, repo.id)
    return known or _predict(context, delivery, repo, state, model=model, labels=labels)


def _predict(
    context: Context,
    delivery: Delivery,
    repo: Repository,
    state: IssueState | IssueRow,
    *,
    model: ModelVersion | None,
    labels: Sequence[Label],
) -> Prediction:
    started = time.perf_counter()
    (guesses,) = think(context, repo, model, labels, [state])
    prediction = Prediction(
        delivery_id=delivery.id,
        repository_id=repo.id,
        number=state.number,
        model_id=model.id if model else None,
        mode=in_force.mode(repo, context.settings),
        created_at=context.now(),
        latency=time.perf_counter() - started,
    )
    with context.database.write() as session:
        leases.renew(session, Delivery, delivery, now=context.now(), lease=context.settings.lease)
        session.add(prediction)
        session.flush()
        for guess in guesses:
            guess.prediction_id = prediction.id
        session.add_all(guesses)
        session.flush()
        feedback.settle(session, repo.id, state.number)
    return prediction


def think(
    context: Context,
    repo: Repository,
    model: ModelVersion | None,
    labels: Sequence[Label],
    states: Sequence[IssueState | IssueRow],
) -> list[list[Guess]]:
    """Return what a model, the cold start if None, and the repository's rules make of issues; nothing is stored.

    `labels` are those that the repository has or had.
    """
    own = in_force.config(repo)
    issues = [Issue(number=s.number, title=s.title, body=s.body, repository=repo.full_name) for s in states]
    if model:
        found = context.models.score(model.folder, issues, precision_targets(repo, context.settings))
        present = [under_present_names(each, LabelNames(labels), model.created_at) for each in found]
        scores = [[score for score in each if own.uses(score.name)] for each in present]
    else:
        described = {label.name: label.description for label in labels if label.removed_at is None}
        known = candidates(described, repo.taxonomy, own)
        scores = [context.models.score_cold(known, issue) for issue in issues]
    spelling = {label.name.lower(): label.name for label in labels if label.removed_at is None}
    ruled = [rules.labels_of(own.rules, issue.title, issue.body) for issue in issues]
    named = [dict.fromkeys(spelling.get(name.lower(), name) for name in each) for each in ruled]
    return [_guesses(*each) for each in zip(scores, named, strict=True)]


def _guesses(scores: Sequence[LabelScore], ruled: Collection[str]) -> list[Guess]:
    """Return a guess for each label; where a rule calls for it, that is sure, whatever a model thinks."""
    lowered = {name.lower() for name in ruled}
    certain = [LabelScore(name, 1.0, None, None, Decision.APPLY) for name in ruled]
    others = [score for score in scores if score.name.lower() not in lowered]
    return [
        Guess(
            label=score.name,
            probability=score.probability,
            apply_threshold=score.apply_threshold,
            suggest_threshold=score.suggest_threshold,
            decision=score.decision,
            by_rule=score in certain,
        )
        for score in (*certain, *others)
    ]


# --- write


def _write(context: Context, delivery: Delivery, repo: Repository, prediction: Prediction, terms: Terms) -> None:
    with context.database.read() as session:
        guesses = storage.guesses(session, prediction.id)
        earlier = storage.has_comment(session, repo.id, prediction.number)
        newer = storage.has_prediction(session, repo.id, prediction.number, after=prediction.id)
        log = storage.label_log(session, repo.id, prediction.number)
        names = LabelNames(storage.all_labels(session, repo.id))
    mode = max(Mode(prediction.mode), in_force.mode(repo, context.settings), key=list(Mode).index)  # may have changed
    if mode is Mode.SHADOW or not (earlier or any(guess.decision != Decision.WITHHOLD for guess in guesses)):
        _skip(context, delivery, prediction, Reason.SHADOW if mode is Mode.SHADOW else Reason.UNSURE)
        return
    if newer or repo.paused_at is not None:
        _skip(context, delivery, prediction, Reason.NEWER if newer else Reason.PAUSED)
        return
    due = prediction.created_at + in_force.delay(repo, context.settings)
    if terms.people_first and context.now() < due and not (repo.native_suggestions and mode is Mode.SUGGEST):
        raise NotYetError(Reason.WAITS, until=due)
    gateway = context.gateway(repo, delivery, unasked=True)
    issue = gateway.issue(prediction.number)
    told = gateway.label_events(prediction.number) if issue else []
    events = [replace(each, label=names.present(each.label, each.at)) for each in told]
    said = acts.said(repo, issue, events, log) if issue else None
    reason = why_not(issue, in_force.config(repo), said=said, closed=terms.closed)
    if issue is None or reason:
        _skip(context, delivery, prediction, reason or "")
        return
    existing = [label.name for label in gateway.labels()]
    taken_off = {event.label for event in events if event.action == "unlabeled"}
    own = in_force.config(repo)
    ours = _ours(context, issue, events)
    room = None if own.most_labels is None else max(own.most_labels - len(ours), 0)
    used = [guess for guess in guesses if guess.by_rule or own.uses(guess.label)]  # that, too
    wanted = [guess for guess in used if terms.labels is None or guess.label in terms.labels]
    todo = plan(wanted, mode, own, Seen(issue.labels, existing, taken_off, room), still_open=issue.state == "open")
    try:
        _Writer(context, delivery, repo, prediction, gateway).write(todo, guesses, ours=ours, earlier=earlier)
    except GitHubRefused as refused:
        if refused.status not in {404, 410} or gateway.issue(prediction.number) is not None:
            raise
        _skip(context, delivery, prediction, Reason.GONE)


def _ours(context: Context, issue: RemoteIssue, events: Sequence[RemoteLabelEvent]) -> set[str]:
    """Return the labels on the issue that we put on: the process may have died before it could record that."""
    last = {event.label: event for event in events if event.label in issue.labels}
    bots = {label: event for label, event in last.items() if event.actor_type == "Bot"}
    return {label for label, event in bots.items() if event.actor == context.github.login()}


def _skip(context: Context, delivery: Delivery, prediction: Prediction, reason: str) -> None:
    with context.database.write() as session:
        leases.renew(session, Delivery, delivery, now=context.now(), lease=context.settings.lease)
        session.get_one(Prediction, prediction.id).not_written = reason


@dataclass(frozen=True)
class _Writer:
    """Write one prediction: the gateway renews the lease before each write, which is recorded after it."""

    context: Context
    delivery: Delivery
    repo: Repository
    prediction: Prediction
    gateway: RepositoryGateway

    def write(self, todo: Plan, guesses: Sequence[Guess], *, ours: Collection[str], earlier: bool) -> None:
        if todo.apply:
            self.gateway.add_labels(self.prediction.number, list(todo.apply))
        applied = {*todo.apply, *ours}
        if applied:
            with self.context.database.write() as session:
                self._mark(session, applied, "applied")
        native = self._suggest_natively(todo, guesses)
        comment_id = self._comment(todo, guesses, earlier=earlier) if (earlier or todo.suggest) and not native else None
        with self.context.database.write() as session:
            self._mark(session, todo.suggest, "suggested")
            row = session.get_one(Prediction, self.prediction.id)
            row.comment_id, row.native = comment_id or row.comment_id, native
            if applied or todo.suggest or comment_id:
                row.written_at = self.context.now()
            else:
                row.not_written = Reason.PRESENT

    def _suggest_natively(self, todo: Plan, guesses: Sequence[Guess]) -> bool:
        """Suggest in GitHub's own interface; False where the repository has none, which is found out once."""
        if not todo.suggest or self.repo.native_suggestions is False:
            return False
        number = self.prediction.number
        there = self.gateway.suggestions(number)
        self._remember_native(there is not None)
        if there is None:
            return False
        known = {each.label.lower() for each in there}
        new = [each for each in self._suggestions(todo, guesses) if each.label.lower() not in known]
        if new:
            try:
                language = in_force.config(self.repo).language
                told = [NewSuggestion(each.label, each.rationale(language), each.confidence) for each in new]
                self.gateway.suggest_labels(number, told)
            except GitHubRefused as refused:
                if refused.status not in {404, 422}:
                    raise
                self._remember_native(False)
                return False
        return True

    def _remember_native(self, available: bool) -> None:
        if self.repo.native_suggestions is not available:
            with self.context.database.write() as session:
                session.get_one(Repository, self.repo.id).native_suggestions = available

    def _comment(self, todo: Plan, guesses: Sequence[Guess], *, earlier: bool) -> int | None:
        """Write or edit the one comment; return its id, None where none is called for.

        One that was there earlier and that somebody has deleted is not written again.
        """
        number = self.prediction.number
        body = comments.suggest(self._suggestions(todo, guesses), language=in_force.config(self.repo).language)
        there = self.gateway.marked_comment(number, comments.MARKER)
        if there is None and (earlier or not todo.suggest):
            return None
        if there is None:
            return self.gateway.create_comment(number, body).id
        body = comments.anew(there.body, body)
        if there.body.strip() != body.strip():
            self.gateway.edit_comment(number, there.id, body)
        return there.id

    def _suggestions(self, todo: Plan, guesses: Sequence[Guess]) -> list[comments.Suggestion]:
        measured = self.prediction.model_id is not None
        by_name = {guess.label.lower(): guess for guess in guesses}
        chosen = [(name, by_name[name.lower()]) for name in todo.suggest]
        return [comments.Suggestion(name, guess, measured, self._like(name, guess)) for name, guess in chosen]

    def _like(self, label: str, guess: Guess) -> int | None:
        """Return the most similar issue that people gave a label; None for a rule's, which is a reason of its own."""
        if guess.by_rule:
            return None
        number = self.prediction.number
        with self.context.database.read() as session:
            issue = session.get(IssueRow, (self.repo.id, number))
            others = storage.examples(session, self.repo.id, label, without=number)
        return most_similar(f"{issue.title}\n{issue.body}", others) if issue else None

    def _mark(self, session: Session, names: Collection[str], written: str) -> None:
        """Note on the guesses as they are now, which may have been answered or renamed since they were read."""
        lowered = {name.lower() for name in names}
        for guess in storage.guesses(session, self.prediction.id):
            if guess.label.lower() in lowered:
                guess.written = written
