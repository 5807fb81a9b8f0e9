"""`domain_adapted` and `uda` against `fine_tune`, on 32 labelled issues to all: `python -m benchmarks.encoders [OUT]`.

Three seeds, one on all. All three have the same slices and test issues, and come to a threshold in the same way.
Finished runs are kept in the folder OUT, and the same command goes on from there.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.setting import HELD_OUT, LABELS, gain, issues
from bot.report_evaluate import written
from pipeline.experiment import ALL, Outcome, Run, Size, Slices, execute, plan
from pipeline.experiment_split import split
from pipeline.experiment_store import open_store
from pipeline.experiment_summary import spread

SIZES: tuple[Size, ...] = (32, 64, 128, ALL)
SEEDS = 3
BASE, METHODS = "fine_tune", ("fine_tune", "domain_adapted", "uda")
METRICS = ("micro_f1", "macro_f1", "average_precision")


def main(out: str = ".data/encoders") -> int:
    """Measure and print."""
    earlier, later = issues()
    slices = Slices(split([*earlier, *later], LABELS, test=HELD_OUT), SIZES)
    store = open_store(Path(out), slices)
    done: dict[Run, Outcome] = {}
    for run in plan(METHODS, SIZES, SEEDS):
        found = store.read(run)
        if found is None:
            found = execute(slices, run)
            store.keep(run, found)
        done[run] = found
        figures = (f"{name} {found.row[name]:.3f}" for name in (*METRICS, "train_s"))
        print(run.name, *figures, sep="  ", flush=True)
    for size in SIZES:
        for method in METHODS:
            _show(done, method, size)
    return 0


def _show(done: Mapping[Run, Outcome], method: str, size: Size) -> None:
    """Print mean and standard deviation of each figure, and what a method gains over fine-tuning, paired by seed."""
    seeds = [run.seed for run in done if (run.method, run.slice) == (method, size)]
    for metric in METRICS:
        mine, base = (np.array([done[Run(name, size, seed)].row[metric] for seed in seeds]) for name in (method, BASE))
        over = "" if method == BASE else f"  over {BASE} {gain(mine - base)}"
        print(f"{size:3} {method:14} {metric:17} {written(spread(mine.tolist()))}{over}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
