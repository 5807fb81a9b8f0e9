"""The pages. Everything but the sign-in page and the style sheet needs the operator's session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import flask
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, Unauthorized

from bot import auth, in_force, registration, removal, repo_config, storage
from bot.accuracy import APPLY, SUGGEST, Judged, Tally, summarise
from bot.dashboard import charts, choices, formats, hindsights, queries
from bot.database import Database
from bot.errors import NotFoundError
from bot.models import Guess, Installation, Mode, Repository
from bot.repo_config import matches
from bot.settings import Settings

KEY = "issue_tagger_dashboard"
OPEN = {"dashboard.static", "dashboard.schema", "dashboard.sign_in", "dashboard.use_link"}
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

blueprint = flask.Blueprint(
    "dashboard", __name__, template_folder="templates", static_folder="static", static_url_path="/assets"
)


@dataclass(frozen=True)
class Context:
    """What the pages need from the application."""

    settings: Settings
    database: Database
    now: Callable[[], datetime]
    next_training: Callable[[Session, Repository], str] | None


@dataclass(frozen=True)
class LabelRow:
    """One label of the table: how it fared, and the guess that carries its present thresholds.

    `used`: the configuration allows it; `only_suggested`: the configuration, or what it starts, forbids to put it on.
    """

    name: str
    applied: Tally
    suggested: Tally
    guess: Guess | None
    used: bool
    only_suggested: bool


def context() -> Context:
    """Return what :func:`bot.dashboard.register` was given."""
    return cast(Context, flask.current_app.extensions[KEY])


# --- who may see what


@blueprint.before_request
def require_operator() -> None:
    """Let nobody in who is not signed in."""
    if flask.request.endpoint not in OPEN:
        auth.require_operator(context().now)


@blueprint.get("/issue-tagger.schema.json")
def schema() -> ResponseReturnValue:
    """Show what may stand in a repository's own configuration, to editors."""
    return flask.send_file(repo_config.SCHEMA, mimetype="application/schema+json")


@blueprint.get("/sign-in/<token>")
def sign_in(token: str) -> ResponseReturnValue:
    """Show the button that uses a one-time link up; looking at it does not."""
    return flask.render_template("sign_in.html", token=token)


@blueprint.post("/sign-in/<token>")
def use_link(token: str) -> ResponseReturnValue:
    """Use a one-time link up and start a session."""
    now = context().now()
    with context().database.write() as session:
        good = auth.redeem(session, token, now)
    if not good:
        raise Unauthorized("This link has been used already, or has expired.")
    auth.sign_in(now)
    return flask.redirect(flask.url_for("dashboard.index"), 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    flask.session.clear()
    return flask.render_template("message.html", title="Signed out", text="You are signed out of this browser.")


@blueprint.errorhandler(Unauthorized)
def show_unauthorized(error: Unauthorized) -> ResponseReturnValue:
    """Say how to get in."""
    why = error.description if error.description != Unauthorized.description else None
    return flask.render_template("unauthorized.html", why=why, loopback=auth.is_loopback(flask.request.host)), 401


@blueprint.errorhandler(BadRequest)
def show_bad_request(error: HTTPException) -> ResponseReturnValue:
    """Say what was wrong with a form."""
    return flask.render_template("message.html", title="That did not work", text=error.description), 400


@blueprint.errorhandler(NotFoundError)
def show_not_found(error: NotFoundError) -> ResponseReturnValue:
    """Say what is not there."""
    return flask.render_template("message.html", title="Not found", text=str(error)), 404


@blueprint.app_errorhandler(NotFound)
def show_no_page(_error: NotFound) -> ResponseReturnValue:
    """Say that there is nothing at an address."""
    return show_not_found(NotFoundError("There is no page at this address."))


# --- pages


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the repositories."""
    with context().database.read() as session:
        repositories = storage.repositories(session)
        judged = _judged(session, repositories, only=APPLY)
        return flask.render_template(
            "index.html",
            repositories=repositories,
            tallies={repo.id: summarise(judged.get(repo.id, [])).overall for repo in repositories},
            overview=queries.overview(session, repositories),
            inbox=queries.inbox(session),
            failed=queries.failed_deliveries(session),
            removed=removal.removed(session),
            suspended=storage.suspended(session),
            keep_removed=context().settings.keep_removed,
        )


@blueprint.get("/repositories/<owner>/<name>")
def repository(owner: str, name: str) -> ResponseReturnValue:
    """Show how one repository fares."""
    with context().database.read() as session:
        repo = storage.repository_named(session, f"{owner}/{name}")
        champion = storage.champion(session, repo)
        return flask.render_template(
            "repository.html",
            repo=repo,
            installation=session.get_one(Installation, repo.installation_id),
            mode=in_force.mode(repo, context().settings),
            by_operator=in_force.by_operator(repo),
            unfit=in_force.fits_nothing(repo, storage.labels(session, repo.id)),
            champion=champion,
            hindsight=hindsights.of(session, champion),
            choice=choices.of(champion, context().settings.models_dir),
            **_figures(session, repo),
            predictions=queries.latest_predictions(session, repo.id, in_force.config(repo).suggest_only),
            models=queries.models(session, repo.id),
            inbox=queries.inbox(session, repo.id),
            failed=queries.failed_deliveries(session, repo.id),
            runs=queries.training_runs(session, repo.id),
            next_training=_next_training(session, repo),
        )


@blueprint.get("/repositories/<owner>/<name>/accuracy.svg")
def accuracy(owner: str, name: str) -> ResponseReturnValue:
    """Draw accuracy over time. Matplotlib's SVG carries its style inside, hence the policy of its own."""
    with context().database.read() as session:
        repo = storage.repository_named(session, f"{owner}/{name}")
        shown = charts.course(_judged(session, [repo])[repo.id], queries.promotions(session, repo.id))
    if not shown.windows:
        raise NotFoundError("there are not enough predictions yet for a picture")
    palette = charts.DARK if flask.request.args.get("theme") == "dark" else charts.LIGHT
    headers = {"Content-Security-Policy": SVG_POLICY}
    return flask.Response(charts.accuracy_svg(shown, palette=palette), mimetype="image/svg+xml", headers=headers)


def _judged(
    session: Session, repositories: Sequence[Repository], *, only: str | None = None
) -> Mapping[int, list[Judged]]:
    applying = {repo.id for repo in repositories if in_force.mode(repo, context().settings) is Mode.APPLY}
    only_suggested = {repo.id: in_force.config(repo).suggest_only for repo in repositories}
    return queries.judged(session, only_suggested, only=only, applying=applying)


def _figures(session: Session, repo: Repository) -> Mapping[str, Any]:
    judged = _judged(session, [repo])[repo.id]
    applied, suggested = summarise(judged), summarise(judged, SUGGEST)
    thresholds = queries.thresholds(session, repo)
    names = applied.labels.keys() | thresholds.keys()
    own = in_force.config(repo)
    tallies = {name: (applied.labels.get(name, Tally()), suggested.labels.get(name, Tally())) for name in names}
    rows = [
        LabelRow(name, *tallies[name], thresholds.get(name), own.uses(name), matches(name, own.suggest_only))
        for name in names
    ]
    return {
        "measured": bool(thresholds),
        "applied": applied.overall,
        "suggested": suggested.overall,
        "labels": sorted(rows, key=lambda row: (-row.applied.support, -row.applied.labels, row.name.lower())),
        "course": charts.course(judged, queries.promotions(session, repo.id)),
    }


def _next_training(session: Session, repo: Repository) -> str | None:
    tell = context().next_training
    return tell(session, repo) if tell else None


# --- what every template can use


@blueprint.app_context_processor
def helpers() -> dict[str, Any]:
    """Give the templates the settings, the time, and ways to write figures and moments."""
    now = context().now()
    return {
        "app_configured": context().settings.app is not None,
        "installing": registration.installing(context().settings),
        "webhook_path": context().settings.webhook_path,
        "site": web_address(context().settings.api_url),
        "counted": queries.COUNTED,
        "latest": queries.LATEST,
        "listed": queries.ROWS,
        "now": now,
        "signed_in": auth.signed_in(now),
        "mode_of": lambda repo: in_force.mode(repo, context().settings),
        "f": formats,
        "model_name": charts.name_of,
    }


def web_address(api_url: str) -> str:
    """Return the address of GitHub's pages from that of its API."""
    if api_url == Settings.api_url:
        return "https://github.com"
    return api_url.removesuffix("/api/v3")
