"""The evaluate subcommand: methods compared on a file of issues, from few labels to all of them."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import report_evaluate_html, report_evaluate_pictures, report_evaluate_text
from bot.cli_labels import ArgumentError
from bot.cli_local import precision_targets, to_learn
from bot.cli_show import Show, progress_bar
from bot.report_evaluate import Findings
from pipeline import experiment, experiment_split
from pipeline.data_report import as_text
from pipeline.errors import ExperimentError
from pipeline.experiment import ALL, SIZES, Outcome, Run, Size, Slices
from pipeline.experiment_data import describe_split
from pipeline.experiment_store import Store, as_json, open_store
from pipeline.exports import read_issues
from pipeline.files import write_whole
from pipeline.methods import METHODS, method_class
from pipeline.methods.base import Progress
from pipeline.preparation import Prepared, write_dataset

MOST_SEEDS = 100


@dataclass(frozen=True)
class Task:
    """What to compare, on what."""

    source: str
    methods: tuple[str, ...]
    sizes: tuple[Size, ...]
    slices: Slices
    runs: list[Run]
    left_out: Mapping[str, str]  # labels that are not learnt, and why


def evaluate(args: argparse.Namespace) -> int:
    """Do the runs that are not done yet, write the results and the report, print the table; 1 if a run failed."""
    out, targets = _folder(args.out), precision_targets()
    task = prepare(args)
    store = open_store(out, task.slices)
    with progress_bar() as show:
        outcomes = work(task, store, show)
        show(len(task.runs), len(task.runs), "writing the report")
        prepared = Prepared(task.slices.split)
        data = describe_split(prepared, task.left_out)
        write_dataset(prepared, out / "dataset")
    found = Findings(
        source=task.source,
        split=task.slices.split,
        methods=task.methods,
        outcomes=outcomes,
        targets=targets,
        too_large=[size for size in task.sizes if size not in task.slices.sizes],
        data=as_text(data),
    )
    write_whole(out / "data.json", as_json(data))
    _write(found, out)
    report_evaluate_text.show(found, sys.stdout)
    print(f"\nThe report: {out / 'report.html'}; the figures: {out / 'results.json'}")
    return 1 if found.failed else 0


def prepare(args: argparse.Namespace) -> Task:
    """Read the issues and decide which runs there are; ArgumentError if what was given cannot be used."""
    methods, sizes = parse_methods(args.methods), parse_sizes(args.slices)
    seeds = _whole(args.seeds, "--seeds", most=MOST_SEEDS)
    test = None if args.test_newest is None else _whole(args.test_newest, "--test-newest")
    issues = read_issues(Path(args.issues))
    if test is not None and test >= len(issues):
        raise ArgumentError(f"--test-newest {test}: the file has {len(issues)} issues; some must be left to train on")
    labels, left_out = to_learn(args.labels, issues)
    if not labels:
        raise ArgumentError(f"{args.issues}: no label is on five issues; name some: --labels A,B")
    split = experiment_split.split(issues, labels, test=test)
    slices = Slices(split, experiment.usable(sizes, len(split.labelled)))
    runs = experiment.plan(methods, slices.sizes, seeds)
    if not runs:
        raise ArgumentError(_no_runs(sizes, len(split.labelled)))
    return Task(Path(args.issues).name, methods, sizes, slices, runs, left_out)


def _no_runs(sizes: Iterable[Size], labelled: int) -> str:
    asked = ",".join(map(str, sizes))
    return (
        f"--slices {asked}: nothing is left to run: there are {labelled} labelled issues to train on, and methods that "
        f"train an encoder need slices of {experiment.LEAST_ENCODER} or more"
    )


def work(task: Task, store: Store, show: Show) -> dict[Run, Outcome]:
    """Do what remains, keep each run when it is done, and return all in the order planned."""
    done = store.done(task.runs)
    todo = list(experiment.remaining(task.runs, done))
    total = len(task.runs)
    for count, run in enumerate(todo, start=total - len(todo)):
        outcome = experiment.attempt(task.slices, run, progress=_within(show, count, total, run))
        store.keep(run, outcome)
        done[run] = outcome
    return {run: done[run] for run in task.runs}


def _within(show: Show, done: int, total: int, run: Run) -> Progress:
    """Return what shows how far a run is."""
    what = f"{run.method}, {run.slice} labelled issues, seed {run.seed}"
    show(done, total, what)
    return lambda share: show(done, total, f"{what}: {share:.0%}")


def _write(found: Findings, out: Path) -> None:
    write_whole(out / "results.json", as_json(found.rows))
    drawn = report_evaluate_pictures.pictures(found)
    for picture in drawn:
        write_whole(out / f"{picture.name}.svg", picture.light)
    write_whole(out / "report.html", report_evaluate_html.render(found, drawn).encode("utf-8", "replace"))


# --- arguments


def _folder(text: str) -> Path:
    """Find out now, not after the work, that the results cannot be kept there."""
    folder = Path(text)
    if folder.exists() and not folder.is_dir():
        raise ExperimentError(f"--out {folder}: is there already, and is not a folder")
    return folder


def parse_methods(text: str | None) -> tuple[str, ...]:
    """Return the methods named; by default those that train no encoder, which would take hours."""
    if text is None:
        return tuple(name for name, method in METHODS.items() if not getattr(method, "encoder", False))
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ArgumentError(f"--methods: it names none; there are: {', '.join(METHODS)}")
    for name in names:
        method_class(name)
    return names


def parse_sizes(text: str | None) -> tuple[Size, ...]:
    """Return the slices asked for, small ones first, each once."""
    if text is None:
        return SIZES
    given = [part.strip().lower() for part in text.split(",") if part.strip()]
    numbers = sorted({_whole(part, "--slices") for part in given if part != ALL})
    if not given:
        raise ArgumentError("--slices: it names none; an example: --slices 8,64,all")
    return (*numbers, ALL) if ALL in given else tuple(numbers)


def _whole(text: str, option: str, *, most: int | None = None) -> int:
    """Return a whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1 or (most is not None and number > most):
        upto = f" to {most}" if most is not None else " on"
        also = f", or {ALL!r}" if option == "--slices" else ""
        raise ArgumentError(f"{option}: {text!r} is not a whole number from 1{upto}{also}")
    return number
