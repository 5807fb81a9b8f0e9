"""What runs when, without a person or GitHub asking. APScheduler only ticks: every job looks at the tables."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot import leases, recovery, removal, retraining, storage, sync
from bot.context import Context
from bot.errors import BotError, NotYetError
from bot.models import Delivery, Repository, TrainingRun
from bot.queue import Call

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=10)  # whether a pull or a training is due
FOLLOW_EVERY = timedelta(hours=1)
FORGET_EVERY = timedelta(hours=1)
CALL_GRACE = timedelta(seconds=10)  # a wake-up call this old is taken for lost
MOST_CALLS = 200  # a sweep


def create(context: Context, *, call_worker: Call, call_trainer: Call) -> BackgroundScheduler:
    """Return the scheduler with its jobs; `call_worker` and `call_trainer` wake the other processes up."""
    jobs: Mapping[str, tuple[Callable[[], None], timedelta]] = {
        "sweep": (lambda: sweep(context, call_worker=call_worker, call_trainer=call_trainer), SWEEP_EVERY),
        "retrain": (lambda: request_trainings(context, call_trainer), LOOK_EVERY),
        "forget": (lambda: forget(context), FORGET_EVERY),
        "remove": (lambda: forget_removed(context), FOLLOW_EVERY),
    }
    if context.settings.app is not None:
        jobs = {
            **jobs,
            "pull": (lambda: pull_due(context), LOOK_EVERY),
            "import": (lambda: import_due(context), LOOK_EVERY),
            "redeliver": (Redelivery(context), FOLLOW_EVERY),
            "installations": (lambda: follow_installations(context), FOLLOW_EVERY),
        }
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(len(jobs))}, timezone="UTC")
    common: dict[str, Any] = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    for name, (job, every) in jobs.items():
        scheduler.add_job(
            job, "interval", seconds=every.total_seconds(), id=name, next_run_time=context.now(), **common
        )
    return scheduler


def sweep(context: Context, *, call_worker: Call, call_trainer: Call) -> None:
    """Call for deliveries and trainings that are due but that no call is under way for; tell of those left behind."""
    now = context.now()
    with context.database.write() as session:
        deliveries = leases.to_call(session, Delivery, now=now, grace=CALL_GRACE, most=MOST_CALLS)
        runs = leases.to_call(session, TrainingRun, now=now, grace=CALL_GRACE, most=MOST_CALLS)
    for delivery_id in deliveries:
        call_worker(delivery_id)
    for run_id in runs:
        call_trainer(run_id)
    behind = {"deliveries": sum(deliveries.values()), "trainings": sum(runs.values())}
    if any(behind.values()):
        log.info("left behind, called again", extra=behind)


def forget(context: Context) -> None:
    """Delete handled deliveries that are old enough; GitHub delivers none of them again."""
    with context.database.write() as session:
        count = leases.forget(session, Delivery, before=context.now() - context.settings.keep)
    if count:
        log.info("old deliveries deleted", extra={"deliveries": count})


def request_trainings(context: Context, call_trainer: Call) -> None:
    """Queue a training for every repository that is due for one."""
    with context.database.read() as session:
        repos = storage.repositories(session)
    for repo in repos:
        with context.database.write() as session:
            run = retraining.request(session, repo, context.settings, now=context.now())
        if run is not None:
            log.info("training requested", extra={"repository": repo.id, "run": run.id})
            call_trainer(run.id)


class Redelivery:
    """Ask again for deliveries that were not handed over, at first as far back as GitHub knows of any."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._since = context.now() - recovery.KEPT

    def __call__(self) -> None:
        """Ask once; what fails is asked for the next time."""
        begun = self._context.now()
        try:
            recovery.redeliver(self._context, self._since)
        except BotError as error:
            log.warning("deliveries not read", extra={"reason": error.reason})
        else:
            self._since = begun - FOLLOW_EVERY


def follow_installations(context: Context) -> None:
    """Catch up on installations whose word was lost."""
    try:
        sync.follow_installations(context)
    except BotError as error:
        log.warning("installations not read", extra={"reason": error.reason})


def forget_removed(context: Context) -> None:
    """Forget the repositories that the App was taken off; what cannot be deleted is tried again the next time."""
    try:
        removal.forget(context)
    except OSError as error:
        log.error("models of a removed repository not deleted", extra={"error": type(error).__name__})


def pull_due(context: Context) -> None:
    """Pull every repository whose last pull is old enough; one that fails does not hold up the others."""
    before = context.now() - context.settings.pull_every
    _pull(context, lambda repo: repo.pulled_at is not None and repo.pulled_at <= before)


def import_due(context: Context) -> None:
    """Read the past of every repository of which it has not been read, or go on with it.

    A job of its own: that takes long, and the pulls of other repositories are not to wait for it.
    """
    _pull(context, lambda repo: repo.pulled_at is None)


def _pull(context: Context, wanted: Callable[[Repository], bool]) -> None:
    with context.database.read() as session:
        ids = [repo.id for repo in storage.repositories(session)]
    for each in ids:
        with context.database.read() as session:
            repo = storage.repository(session, each)  # afresh: those before it may have taken long
        if repo and wanted(repo) and (repo.pull_not_before is None or repo.pull_not_before <= context.now()):
            outcome = _outcome(context, repo)
            with context.database.write() as session:
                row = session.get_one(Repository, repo.id)
                for name, value in outcome.items():
                    setattr(row, name, value)


def _outcome(context: Context, repo: Repository) -> Mapping[str, Any]:
    """Pull a repository, and return what is to be kept of how that went: when to try again, and why."""
    try:
        sync.pull(context, repo)
    except NotYetError as wait:
        log.info("pull waits", extra={"repository": repo.id, "until": wait.until.isoformat()})
        return {"pull_not_before": wait.until, "pull_problem": None}
    except BotError as error:
        log.warning("pull failed", extra={"repository": repo.id, "reason": error.reason})
        return _failed(context, repo, str(error))
    except Exception as error:  # a fault of ours: what one repository has in it is not to stop all others
        log.exception("pull ended unexpectedly", extra={"repository": repo.id})
        return _failed(context, repo, f"this is a fault of the bot ({type(error).__name__}): see the scheduler's log")
    return {"pull_not_before": None, "pull_failures": 0, "pull_problem": None}


def _failed(context: Context, repo: Repository, problem: str) -> Mapping[str, Any]:
    failures = repo.pull_failures + 1
    again = context.now() + leases.backoff(failures, repo.id)
    return {"pull_not_before": again, "pull_failures": failures, "pull_problem": problem}
