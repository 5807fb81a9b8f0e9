"""The issue-tagger command. Each subcommand is a function that is imported when it is called for, not before."""

import argparse
import errno
import os
import pkgutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from bot.errors import BotError
from bot.models import Mode, Work
from bot.setting_values import DEFAULT, share
from pipeline.errors import PipelineError

LOCAL, THREADS = {"train", "predict", "replay", "evaluate"}, "2"  # at most, of a calculation on this machine
USAGE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141  # exit statuses; 0 and 1 are the subcommands' own
LABELS = "label names, separated by commas (a name with a comma in it cannot be given)"
ISSUES = (
    "JSON Lines, gzipped or not, a JSON array, or what `gh issue list --json number,title,body,labels,createdAt` prints"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    if given and given[0] in LOCAL:
        os.environ.setdefault("OMP_NUM_THREADS", THREADS)  # read when numpy or torch is imported
    args = build_parser(given[0] if given else "").parse_args(given)
    try:
        status: int = pkgutil.resolve_name(args.run)(args)
        sys.stdout.flush()
    except (BotError, PipelineError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on; let the last flush of all not fail again
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is None and error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return _complain(": ".join(filter(None, (error.filename, error.strerror))))
    return status


def _complain(text: str) -> int:
    for line in text.splitlines():
        print(f"issue-tagger: {line}", file=sys.stderr)
    return USAGE


# --- what can be asked for


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Parameters
    ----------
    command : str, optional
        The subcommand that will be parsed. `replay` brings its own arguments along, and what it imports; they are
        left out where another is named. With None everything is there.
    """
    parser = argparse.ArgumentParser("issue-tagger", description="Learn from labels on issues; label new ones.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_processes(commands)
    _add_operation(commands)
    _add_repositories(commands)
    _add_local(commands)
    replay = _add(commands, "replay", "bot.cli_local:replay", "what it would have done with a repository's past")
    if command in (None, "replay"):
        from bot.replay import add_arguments

        add_arguments(replay)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(commands: _Commands, name: str, run: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    command.set_defaults(run=run)
    return command


def _add_processes(commands: _Commands) -> None:
    _add(commands, "up", "bot.cli_run:up", "run web, worker, trainer and scheduler together")
    for part, text in (
        ("web", "receive webhooks and serve the dashboard"),
        ("worker", "handle deliveries: predict, label, learn what people did"),
        ("trainer", "train models, one at a time"),
        ("scheduler", "sweep, pull and ask for trainings"),
        ("proxy", "for development: fetch deliveries from WEBHOOK_PROXY_URL, where GitHub cannot reach this machine"),
    ):
        command = _add(commands, part, "bot.cli_run:part", text)
        command.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)


def _add_operation(commands: _Commands) -> None:
    _add(commands, "migrate", "bot.cli_run:migrate", "bring the database to its newest form, and prepare the backbone")
    _add(commands, "doctor", "bot.cli_run:doctor", "check that all is in order, and say how to mend what is not")
    _add(commands, "sign-in", "bot.cli_run:sign_in", "print a new link to the dashboard, good for one sign-in")
    text = "show the deliveries of the inbox, or run failed ones again"
    deliveries = _add(commands, "deliveries", "bot.cli_operator:list_deliveries", text)
    deliveries.set_defaults(status=Work.FAILED)
    actions = deliveries.add_subparsers(metavar="[ACTION]")
    listing = _add(actions, "list", "bot.cli_operator:list_deliveries", "show deliveries, the failed ones by default")
    listing.add_argument("--status", choices=list(map(str, Work)), default=Work.FAILED)
    retry = _add(actions, "retry", "bot.cli_operator:retry_deliveries", "run failed deliveries again")
    retry.add_argument("ids", nargs="+", metavar="ID")


def _add_repositories(commands: _Commands) -> None:
    models = _add(
        commands, "models", "bot.cli_operator:list_models", "show a repository's model versions, or roll back"
    )
    models.add_argument("repository", metavar="OWNER/NAME")
    models.add_argument("--json", action="store_true", help="print JSON")
    actions = models.add_subparsers(metavar="[ACTION]")
    text = "put an earlier model version back into service"
    rollback = _add(actions, "rollback", "bot.cli_operator:roll_back", text)
    rollback.add_argument("--to", type=int, metavar="NUMBER", help="default: the one before; 0: the cold start")
    text = "take back what the bot wrote and nobody confirmed: labels, suggestions and comments"
    undo = _add(commands, "undo", "bot.cli_operator:undo", text)
    undo.add_argument("--repo", required=True, metavar="OWNER/NAME")
    undo.add_argument("--since", required=True, type=_moment, metavar="TIME", help="such as 2026-01-31T12:00, in UTC")
    _add_backfill(commands)
    text = "show or change the settings of a repository"
    configure = _add(commands, "configure", "bot.cli_operator:configure", text)
    configure.add_argument("repository", metavar="OWNER/NAME")
    text = f"what may be written to GitHub; {DEFAULT}: the repository's own file, or the bot's settings, say it"
    configure.add_argument("--mode", choices=[*map(str, Mode), DEFAULT], help=text)
    for flag, what in (("--apply-precision", "applied labels"), ("--suggest-precision", "suggestions")):
        text = f"least precision of {what}; {DEFAULT}: as for --mode"
        configure.add_argument(flag, type=_share, metavar="P", help=text)
    configure.add_argument("--labels", metavar="A,B", help=f"the only ones to learn: {LABELS}; '' for those in use")


def _add_backfill(commands: _Commands) -> None:
    text = "show what labels old issues would get; with --write, have them labelled"
    backfill = _add(commands, "backfill", "bot.cli_backfill:backfill", text)
    backfill.add_argument("--repo", required=True, metavar="OWNER/NAME")
    backfill.add_argument("--labels", metavar="A,B", help=f"only these: {LABELS}")
    backfill.add_argument("--since", type=_moment, metavar="TIME", help="only issues opened then or later, in UTC")
    backfill.add_argument("--open-only", action="store_true", help="leave closed issues alone")
    backfill.add_argument("--write", action="store_true", help="do it; without this, nothing is written")


def _add_local(commands: _Commands) -> None:
    train = _add(commands, "train", "bot.cli_local:train", "train a model on a file of issues")
    train.add_argument("issues", metavar="ISSUES", help=ISSUES)
    train.add_argument("--out", required=True, metavar="DIR", help="where the model goes: a new or empty folder")
    train.add_argument("--labels", metavar="A,B", help=f"{LABELS}; default: those that five issues or more have")
    train.add_argument(
        "--method", default="linear", metavar="NAME", help="such as linear or naive_bayes, or auto: chosen by evidence"
    )
    train.add_argument(
        "--time-budget",
        metavar="MINUTES",
        help="that --method auto may take, all fits included; default: 20",
    )
    train.add_argument("--seed", type=_seed, default=0, metavar="N")
    train.add_argument("--json", metavar="FILE", help="write how good it is as JSON")
    predict = _add(
        commands, "predict", "bot.cli_local:predict", "print what a model makes of each issue, as JSON Lines"
    )
    predict.add_argument("issues", metavar="ISSUES", help=ISSUES)
    predict.add_argument("--model", required=True, metavar="DIR", help="what `train --out` wrote")
    _add_evaluate(commands)


def _add_evaluate(commands: _Commands) -> None:
    text = "compare methods on a file of issues, from a few labelled ones to all"
    command = _add(commands, "evaluate", "bot.cli_evaluate:evaluate", text)
    command.add_argument("issues", metavar="ISSUES", help=ISSUES)
    command.add_argument(
        "--out", required=True, metavar="DIR", help="where runs and report go; what is done there is not done again"
    )
    command.add_argument("--labels", metavar="A,B", help=f"{LABELS}; default: those that five issues or more have")
    command.add_argument("--methods", metavar="A,B", help="default: all that train no encoder")
    command.add_argument("--slices", metavar="N,N", help="labelled issues, or all; default: 8,16,32,64,128,all")
    command.add_argument("--seeds", default="5", metavar="N", help="draws of each slice; default: 5")
    command.add_argument(
        "--test-newest", metavar="N", help="issues to test on; default: 500 or a fifth, whichever is less"
    )


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date and time such as 2026-01-31T12:00") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def _share(text: str) -> float | str:
    try:
        return text if text == DEFAULT else share(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
