"""`linear` against `naive_bayes`: newest 500 issues as test, all earlier ones as training; same labels, same seed."""

import sys
import time
from datetime import UTC, datetime

from benchmarks.setting import LABELS, issues
from pipeline import evaluation, training
from pipeline.issues import build_targets


def main() -> int:
    """Measure and print."""
    earlier, later = issues()
    y = build_targets(later, LABELS).clip(min=0)  # an issue with none of the labels counts 0 for each
    for name in ("naive_bayes", "linear"):
        begun = time.monotonic()
        model = training.train(earlier, training.Recipe(name, {}, tuple(LABELS), 0), now=datetime.now(UTC))
        trained = time.monotonic()
        found = evaluation.measure(y, model.method.predict_proba(later) >= 0.5, LABELS)
        seconds = f"{trained - begun:.0f} s to train, {time.monotonic() - trained:.0f} s to predict"
        sys.stdout.write(f"{name}: micro-F1 {found.micro_f1:.3f}, macro-F1 {found.macro_f1:.3f}; {seconds}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
