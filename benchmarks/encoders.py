"""`domain_adapted` and `uda` against `fine_tune`, on 64 and 128 labelled issues: `python -m benchmarks.encoders [OUT]`.

Three seeds; all three methods have the same slices, test issues and way to a threshold, as in `issue-tagger evaluate`.
Finished runs are kept in the folder OUT, and the same command goes on from there.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.setting import HELD_OUT, LABELS, issues
from pipeline.experiment import Outcome, Run, Slices, execute
from pipeline.experiment_split import split
from pipeline.experiment_store import open_store
from pipeline.experiment_summary import spread, student_interval

SIZES, SEEDS = (64, 128), 3
BASE, METHODS = "fine_tune", ("fine_tune", "domain_adapted", "uda")
METRICS = ("micro_f1", "macro_f1", "average_precision")


def main(out: str = ".data/encoders") -> int:
    """Measure and print."""
    earlier, later = issues()
    slices = Slices(split([*earlier, *later], LABELS, test=HELD_OUT), SIZES)
    store = open_store(Path(out), slices)
    done: dict[Run, Outcome] = {}
    for run in (Run(method, size, seed) for size in SIZES for seed in range(SEEDS) for method in METHODS):
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


def _show(done: Mapping[Run, Outcome], method: str, size: int) -> None:
    """Print mean and standard deviation of each figure, and what a method gains over fine-tuning, paired by seed."""
    for metric in METRICS:
        mine, base = (
            np.array([done[Run(name, size, seed)].row[metric] for seed in range(SEEDS)]) for name in (method, BASE)
        )
        about = spread(mine.tolist())
        low, high = student_interval(mine - base) or (0.0, 0.0)
        gain = "" if method == BASE else f"  over {BASE} {np.mean(mine - base):+.3f} [{low:+.3f}, {high:+.3f}]"
        print(f"{size:3} {method:14} {metric:17} {about.mean:.3f} ± {about.sd:.3f}{gain}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
