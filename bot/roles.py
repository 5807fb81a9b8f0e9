"""The four processes: web, worker, trainer, scheduler. Each runs until it is told to stop, and then stops cleanly."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from bot.context import Context, Gateway
from bot.database import Database
from bot.errors import GitHubRefused
from bot.limits import Limit
from bot.queue import DELIVERIES, TRAINING, Queue
from bot.remote import BeforeWrite, RemoteDelivery, RemoteInstallation, RemoteRepository, RepositoryGateway
from bot.settings import Settings

log = logging.getLogger(__name__)

WORKER_THREADS = 2
WEB_THREADS = 8
TRAINER_NICENESS = 15
JOB_PATIENCE = 1.0  # seconds that jobs may take to end: what one of them did not do is done by the next
LONGEST_WAIT = 10  # seconds, for GitHub
LARGEST_REQUEST = 64 * 1024 * 1024  # bytes; above the webhook's own limit, which answers in words


def now() -> datetime:
    """Return the present moment in UTC: the one clock of the live processes."""
    return datetime.now(UTC)


def run_web(settings: Settings) -> None:
    """Serve the webhook and the dashboard."""
    from waitress.server import create_server

    from bot import create_app

    server = create_server(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        threads=WEB_THREADS,
        max_request_body_size=LARGEST_REQUEST,
        ident=None,
        asyncore_use_poll=True,  # select fails where more than 1,024 files are open
    )
    _on_stop(sys.exit)  # waitress ends its loop on SystemExit, having finished the requests in hand
    log.info("web ready", extra={"host": settings.host, "port": settings.port})
    server.run()


def run_worker(settings: Settings) -> None:
    """Handle deliveries."""
    _do_without("pandas", "pyarrow")
    from bot.handling import handle

    context = context_of(settings)
    context.models.warm_up()
    _consume(Queue(settings, DELIVERIES, lambda key: handle(context, str(key))), WORKER_THREADS)


def run_trainer(settings: Settings) -> None:
    """Train challengers, one at a time, giving way to everything else on the machine."""
    os.nice(TRAINER_NICENESS)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from bot.challenge import run

    context = context_of(settings)
    _consume(Queue(settings, TRAINING, lambda key: run(context, int(key))), 1)


def run_scheduler(settings: Settings) -> None:
    """Sweep, pull and ask for trainings."""
    _do_without("pandas", "pyarrow")
    from bot import scheduler

    worker, trainer = Queue(settings, DELIVERIES), Queue(settings, TRAINING)
    jobs = scheduler.create(context_of(settings), call_worker=worker.call, call_trainer=trainer.call)
    stop = threading.Event()
    _on_stop(stop.set)
    jobs.start()
    log.info("scheduler ready")
    stop.wait()
    ending = threading.Thread(target=jobs.shutdown, daemon=True)
    ending.start()
    ending.join(JOB_PATIENCE)


def _do_without(*packages: str) -> None:
    """Let packages count as not installed: scikit-learn imports some where they are, 70 MB that serving never uses."""
    for name in packages:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def _consume(queue: Queue, threads: int) -> None:
    """Run a consumer until told to stop; work in hand is finished first, what is not goes back by its lease."""
    consumer = queue.consumer(threads)
    consumer.start()
    stop = threading.Event()
    _on_stop(stop.set)  # after start(), which sets handlers of its own
    log.info("consumer ready", extra={"queue": queue.huey.name})
    while not stop.wait(1):
        consumer.check_worker_health()
    consumer.stop_flag.set()
    for _, thread in consumer.worker_threads:  # not Huey's own scheduler, which has nothing in hand and sleeps
        thread.join()


def _on_stop(action: Callable[[], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: action())


def context_of(settings: Settings) -> Context:
    """Return what use cases need in a process with these settings."""
    from bot.serving import Models

    database = Database(settings.database_url)
    return Context(
        settings=settings,
        database=database,
        github=_gateway(settings, database),
        models=Models(settings.models_dir),
        now=now,
    )


def _gateway(settings: Settings, database: Database) -> Gateway:
    if settings.app is None:
        return NoApp()
    from bot.github import GitHub

    return GitHub(
        settings.app, settings.api_url, timeout=patience(settings.lease), limit_of=lambda key: Limit(database, now, key)
    )


def patience(lease: timedelta) -> int:
    """Return how many seconds to wait for a connection to GitHub, and for an answer: together less than a lease."""
    return min(LONGEST_WAIT, int(lease.total_seconds() / 3))


class NoApp:
    """Stand where GitHub would be while no App is configured: refuse everything, and say why."""

    def repository(
        self, installation_id: int, full_name: str, *, before_write: BeforeWrite = None
    ) -> RepositoryGateway:
        """Refuse."""
        raise self._refusal()

    def installations(self) -> list[RemoteInstallation]:
        """Refuse."""
        raise self._refusal()

    def deliveries(self, since: datetime) -> Iterator[RemoteDelivery]:
        """Refuse."""
        raise self._refusal()

    def redeliver(self, delivery_id: int) -> None:
        """Refuse."""
        raise self._refusal()

    def repositories(self, installation_id: int) -> Iterator[RemoteRepository]:
        """Refuse."""
        raise self._refusal()

    def login(self) -> str:
        """Refuse."""
        raise self._refusal()

    def _refusal(self) -> GitHubRefused:
        return GitHubRefused("no GitHub App is configured: set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET", status=401)
