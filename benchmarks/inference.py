"""Issues per second of our encoder at fp32 and int8, of plain PyTorch, and of `SetFit.predict`, in alternation.

SetFit is measured by the interpreter that SETFIT_PYTHON names, which has the package `setfit`; left out where it is not
set. Every contender reads the same texts with two threads and remembers nothing from one round to the next.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from benchmarks.setting import LABELS, issues
from pipeline import evaluation
from pipeline.checkpoints import load_for
from pipeline.encoder import BUNDLED, TOKENS, Encoder, Precision, checkpoint_folder, export_folder
from pipeline.issues import build_targets

ROUNDS = 3
TRAINED, DRAWS = 500, 12  # issues of a draw, for the comparison of F1
THREADS = 2
Rate = Callable[[Sequence[str]], float]


def main() -> int:
    """Measure and print; the first argument is how many of the newest issues, 500 if it is left out."""
    torch.set_num_threads(THREADS)
    earlier, later = issues()
    texts = [issue.text for issue in later][-int((sys.argv[1:] or ["500"])[0]) :]
    contenders: dict[str, Rate] = {"ONNX fp32": ours("fp32"), "ONNX int8": ours("int8"), "PyTorch": plain_pytorch()}
    if "SETFIT_PYTHON" in os.environ:
        contenders["SetFit.predict"] = setfit
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        for name, measure in contenders.items():
            rates[name].append(measure(texts))
    for name, found in rates.items():
        ratios = [mine / theirs for mine, theirs in zip(rates["ONNX int8"], found, strict=True)]  # of the same round
        print(
            f"{name}: {', '.join(f'{each:.1f}' for each in found)} issues/s; ONNX int8 is {np.median(ratios):.2f} times"
        )
    for precision in ("fp32", "int8"):
        print(f"{precision}: one issue p50 {1000 * p50(precision, texts[:100]):.0f} ms")
    exact, rounded = (np.array(micro_f1(precision, earlier, later)) for precision in ("fp32", "int8"))
    change = rounded - exact
    print(f"micro-F1 of a logistic regression on {TRAINED} earlier issues, {DRAWS} draws: fp32 {exact.mean():.4f},")
    print(f"int8 {change.mean():+.4f}, standard error {change.std(ddof=1) / np.sqrt(DRAWS):.4f}")
    return 0


def ours(precision: Precision) -> Rate:
    """Return the measure of a new encoder, which knows no text."""

    def measure(texts: Sequence[str]) -> float:
        encoder = Encoder(export_folder(BUNDLED), precision=precision, threads=THREADS)
        return rate(texts, encoder.embed)

    return measure


def plain_pytorch() -> Rate:
    """Return the measure of transformers: batches of 16 of about the same length, mean pooling."""
    import transformers

    model, tokenizer = load_for(transformers.AutoModel, str(checkpoint_folder(BUNDLED)))

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> None:
        ordered = sorted(texts, key=len)
        for start in range(0, len(ordered), 16):
            batch = ordered[start : start + 16]
            inputs = tokenizer(batch, padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")
            mask = inputs["attention_mask"].unsqueeze(-1)  # (batch, tokens, 1)
            (model(**inputs).last_hidden_state * mask).sum(1) / mask.sum(1)

    return lambda texts: rate(texts, embed)


def setfit(texts: Sequence[str]) -> float:
    """Return the issues/s of `SetFit.predict`, in a process of its own, after a warm-up."""
    command = [os.environ["SETFIT_PYTHON"], str(Path(__file__).with_name("setfit_predict.py"))]
    asked = {"model": str(checkpoint_folder(BUNDLED)), "texts": texts, "threads": THREADS, "tokens": TOKENS}
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    return len(texts) / float(done.stdout.split()[-1])


def rate(texts: Sequence[str], embed: Callable[[Sequence[str]], object]) -> float:
    """Return texts per second, after one text that does not count."""
    embed(["ready"])
    begun = time.perf_counter()
    embed(texts)
    return len(texts) / (time.perf_counter() - begun)


def p50(precision: Precision, texts: Sequence[str]) -> float:
    """Return the median seconds of one text."""
    encoder, seconds = Encoder(export_folder(BUNDLED), precision=precision), []
    for text in texts:
        begun = time.perf_counter()
        encoder.embed([text])
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds))


def micro_f1(precision: Precision, earlier: Sequence, later: Sequence) -> list[float]:
    """Return the micro-F1 of a logistic regression a label for each draw of earlier issues."""
    encoder = Encoder(export_folder(BUNDLED), precision=precision, threads=THREADS)
    x, z = (encoder.embed([issue.text for issue in each]) for each in (earlier, later))
    y, truth = (build_targets(each, LABELS).clip(min=0) for each in (earlier, later))
    found = []
    for seed in range(DRAWS):
        part = np.random.default_rng(seed).choice(len(x), TRAINED, replace=False)
        guessed = OneVsRestClassifier(LogisticRegression(C=10, max_iter=500)).fit(x[part], y[part]).predict(z)
        found.append(evaluation.measure(truth, guessed.astype(bool), LABELS).micro_f1)
    return found


if __name__ == "__main__":
    sys.exit(main())
