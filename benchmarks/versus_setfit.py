"""Our methods against SetFit with the same backbone, slices and machine: `python -m benchmarks.versus_setfit PYTHON`.

PYTHON is the interpreter of an environment of its own in which `setfit` is installed; SetFit is no dependency of ours.
SetFit decides at 0.5, as it is; its best threshold for the test, which nobody could know, is given beside it.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.setting import DATA, LABELS
from pipeline import evaluation
from pipeline.encoder import BUNDLED, checkpoint_folder
from pipeline.experiment import ALL, Run, Slices, execute
from pipeline.experiment_split import Split, split
from pipeline.exports import read_issues
from pipeline.issues import label_counts

TEST = 500
SCRIPT = Path(__file__).with_name("setfit_fit.py")


def main() -> int:
    """Measure and print, one line a fit."""
    args = arguments()
    torch.set_num_threads(args.threads)
    data = DATA.with_name(f"{args.data}.jsonl.gz")
    issues = read_issues(data)
    labels = LABELS if args.data == "scikit-learn" else [name for name, _ in label_counts(issues).most_common(15)]
    whole = split(issues, labels, test=TEST)
    sizes = [ALL if size == ALL else int(size) for size in args.slices.split(",")]
    slices = Slices(whole, sizes)
    for size in sizes:
        for seed in range(args.seeds):
            for name in filter(None, args.methods.split(",")):
                outcome = execute(slices, Run(name, size, seed))
                show(name, size, seed, outcome.row)
            for seconds in map(float, filter(None, args.seconds.split(","))):
                limits = {"seed": seed, "seconds": seconds, "iterations": args.iterations, "threads": args.threads}
                found = setfit(args.python, whole, slices.rows(Run("setfit", size, seed)), limits)
                show(f"setfit {seconds:.0f} s", size, seed, found)
    return 0


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="the interpreter of an environment with setfit")
    parser.add_argument("--data", default="scikit-learn", choices=["scikit-learn", "bootstrap", "ohmyzsh"])
    parser.add_argument("--methods", default="linear,blend,fine_tune", help="ours, measured beside it")
    parser.add_argument("--slices", default="64,128,all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", default="60,1200", help="for SetFit's training, each a fit of its own")
    parser.add_argument("--threads", type=int, default=2, help="of either")
    parser.add_argument("--iterations", type=int, default=20, help="SetFit's num_iterations; its default is 20")
    return parser.parse_args()


def setfit(python: str, whole: Split, rows: Sequence[int], limits: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of a fit of SetFit."""
    with tempfile.TemporaryDirectory() as scratch:
        task = {
            "checkpoint": str(checkpoint_folder(BUNDLED)),
            "texts": [whole.labelled[row].text for row in rows],
            "targets": whole.targets[list(rows)].tolist(),
            "test": [issue.text for issue in whole.test],
            **limits,
            "scratch": scratch,
            "out": f"{scratch}/answer.json",
        }
        subprocess.run([python, str(SCRIPT)], input=json.dumps(task), text=True, check=True)
        answer = json.loads(Path(task["out"]).read_text())
    p = np.array(answer.pop("p"), dtype=np.float32)
    best = max(np.linspace(0.05, 0.9, 86), key=lambda at: evaluation.micro_f1(whole.test_y, p >= at))
    found = {"": evaluation.measure(whole.test_y, p >= 0.5, whole.labels)}
    found["best_"] = evaluation.measure(whole.test_y, p >= best, whole.labels)
    figures = {
        f"{name}{kind}_f1": getattr(each, f"{kind}_f1") for name, each in found.items() for kind in ("micro", "macro")
    }
    return {**answer, **figures, "average_precision": evaluation.average_precision(whole.test_y, p)}


def show(name: str, size: Any, seed: int, row: Any) -> None:
    """Print a row as JSON."""
    kept = (
        "micro_f1",
        "macro_f1",
        "best_micro_f1",
        "best_macro_f1",
        "average_precision",
        "steps",
        "train_s",
        "predict_s",
    )
    figures = {key: round(row[key], 3) for key in kept if key in row}
    print(json.dumps({"method": name, "slice": size, "seed": seed, **figures}), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
