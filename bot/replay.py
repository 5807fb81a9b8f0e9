"""The replay command: what the bot would have done with a repository's past, before it is installed there."""

import argparse
import json
import math
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bot import report_text
from bot.cli_labels import ArgumentError, choose_labels
from bot.cli_show import progress_bar
from bot.errors import SourceError
from bot.replay_source import Source, load
from bot.replay_walk import Plan, walk
from bot.report import report
from bot.settings import Settings
from pipeline.files import write_whole
from pipeline.issues import label_counts

LONGEST_DELAY = 3650  # days


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `issue-tagger replay`."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a file of issues (JSON Lines, gzipped or not, a JSON array, or what `gh issue list --json "
        "number,title,body,labels,createdAt` prints), or OWNER/NAME on GitHub",
    )
    parser.add_argument("--labels", metavar="A,B", help="learn and count only these labels; default: all in use")
    parser.add_argument(
        "--delay", type=_days, default=1.0, metavar="DAYS", help="from an issue's opening to its labels; default: 1"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--html", metavar="FILE", help="write the report as a page with pictures, all in one file")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days <= LONGEST_DELAY:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 0 to {LONGEST_DELAY}")
    return days


def replay_command(args: argparse.Namespace, settings: Settings) -> int:
    """Live through the source's past in a temporary folder, and report."""
    started = time.monotonic()
    for option in ("json", "html"):
        _check_writable(f"--{option}", getattr(args, option))
    with progress_bar() as show:
        source = load(args.source, settings, read=lambda count: show(0, 0, f"reading, {count:,} issues so far"))
        plan = Plan(source, _labels(source, args.labels), timedelta(days=args.delay), settings)
        total = len(source.issues)
        with tempfile.TemporaryDirectory(prefix="issue-tagger-replay-") as folder:
            lived = walk(plan, Path(folder), show=lambda done, doing: show(done, total, doing))
    found = report(plan, lived, seconds=time.monotonic() - started)
    if args.json:
        _write(args.json, json.dumps(found.figures, indent=2, ensure_ascii=False) + "\n")
    if args.html:
        from bot.report_html import render

        _write(args.html, render(found))
    report_text.show(found, sys.stdout)
    return 0


def _labels(source: Source, chosen: str | None) -> tuple[str, ...]:
    """Return the labels to learn and count, those in use most first."""
    counts = label_counts(source.issues)
    if not counts:
        raise SourceError(f"{source.repository}: no issue has a label, so there is nothing to learn or to compare with")
    return choose_labels(chosen, counts) if chosen is not None else tuple(name for name, _ in counts.most_common())


# --- files


def _check_writable(option: str, name: str | None) -> None:
    """Find out now, not after the work, that a file cannot be written."""
    if name is None:
        return
    path = Path(name)
    if path.exists() and not path.is_file():
        raise ArgumentError(f"{option} {name}: is there already, and is not a file")
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise ArgumentError(f"{option} {name}: nothing can be written there: {error.strerror}") from error


def _write(name: str, text: str) -> None:
    write_whole(Path(name), text.encode("utf-8", "replace"))
