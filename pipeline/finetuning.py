"""Fine-tune: choose the number of epochs on issues held out, then train on all. What methods with an encoder share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from pipeline.classifier import Classifier, Objective, batch, embed, head_of, known_bce, predict
from pipeline.decisions import f1_threshold
from pipeline.encoder import Vectors
from pipeline.evaluation import micro_f1
from pipeline.export import export_model
from pipeline.heads import Head, fit_head
from pipeline.issues import Probabilities, Targets
from pipeline.layers import Backbone, Hidden
from pipeline.splits import Rows, folds
from pipeline.trainer import Batch, Progress, Schedule, Task, run_trainer

FEW = 200  # issues; up to here every one is held out once, beyond it one fold of them
FOLDS = 4


@dataclass(frozen=True)
class Plan:
    """How a classifier is trained.

    Parameters
    ----------
    objective : callable
        Given a seed, returns the loss for one training.
    refit_head : bool
        After each epoch the head is fitted to the embeddings anew: for a loss that knows no head.
    """

    schedule: Schedule
    objective: Callable[[int], Objective] = field(default=lambda seed: known_bce)
    refit_head: bool = False


@dataclass(frozen=True)
class Texts:
    """Issues as the lower part of a backbone made them, and their targets, (issues, labels).

    Those of the same number in `groups`, (issues,), say the same, so that none is held out from the others.
    """

    hidden: Hidden
    targets: Targets
    groups: Rows | None = None

    def some(self, rows: Sequence[int]) -> "Texts":
        """Return some of the issues."""
        return Texts([self.hidden[row] for row in rows], self.targets[list(rows)])


class TunedEncoder:
    """A backbone with trained upper layers; embeds as :class:`pipeline.encoder.Encoder` does."""

    def __init__(self, backbone: Backbone, classifier: Classifier) -> None:
        self._backbone, self._classifier = backbone, classifier.cpu()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length one for each text, (texts, dimensions)."""
        return embed(self._classifier, self._backbone.read(texts))

    def save(self, folder: Path) -> None:
        """Export into a folder, from which an :class:`pipeline.encoder.Encoder` is made."""
        whole = self._backbone.joined(self._classifier.upper)
        about = {"name": "fine-tuned", "pooling": self._backbone.pooling, "tokens": self._backbone.tokens}
        export_model(whole, self._backbone.tokenizer, folder, int8=False, **about)


@dataclass(frozen=True)
class Tuned:
    """An encoder with its head, and how the epochs were chosen.

    `held_out` has the probabilities of the issues, (issues, labels), NaN where one was not held out; `micro_f1` what
    each number of epochs, from 1, reached on those that were.
    """

    encoder: TunedEncoder
    head: Head
    held_out: Probabilities
    epochs: int
    micro_f1: tuple[float, ...]


def tune(
    backbone: Backbone, texts: Texts, plan: Plan, *, seed: int, validation: Texts | None, report: Progress
) -> Tuned:
    """Train once for each part held out, take the epochs with the best micro-F1 there, and train on all so long.

    Held out is `validation`, where given; else every issue once up to 200 of them, and a quarter beyond. The epochs are
    chosen by the same predictions that are returned as held out, which are a little too good for it.
    """
    parts = _parts(texts, validation, seed)
    truth = texts.targets if validation is None else validation.targets
    found = np.full((plan.schedule.epochs, *truth.shape), np.nan, dtype=np.float32)
    for number, part in enumerate(parts):
        told = _within(report, number, len(parts) + 1)
        _train(backbone, part.inside, plan, seed, _note(part, found, told), epochs=plan.schedule.epochs)
    scores = tuple(_micro_f1(truth, p) for p in found)
    best = int(np.argmax(scores)) + 1
    last = _within(report, len(parts), len(parts) + 1)
    classifier = _train(backbone, texts, plan, seed, lambda epoch, _: last(epoch / best), epochs=best)
    held_out = found[best - 1] if validation is None else np.full(texts.targets.shape, np.nan, dtype=np.float32)
    return Tuned(TunedEncoder(backbone, classifier), head_of(classifier), held_out, best, scores)


@dataclass(frozen=True)
class _Part:
    """What to train on, what to predict, and the rows of the latter among all that is held out."""

    inside: Texts
    outside: Texts
    rows: list[int]


def _parts(texts: Texts, validation: Texts | None, seed: int) -> list[_Part]:
    if validation is not None:
        return [_Part(texts, validation, list(range(len(validation.hidden))))]
    fold = folds(texts.targets, k=FOLDS, seed=seed, groups=texts.groups)
    parts = []
    for each in range(FOLDS if len(fold) <= FEW else 1):
        inside, outside = np.flatnonzero(fold != each).tolist(), np.flatnonzero(fold == each).tolist()
        if inside and outside:
            parts.append(_Part(texts.some(inside), texts.some(outside), outside))
    return parts


def _note(part: _Part, found: Probabilities, report: Progress) -> Callable[[int, Classifier], None]:
    """Return what notes the predictions of a part, after each epoch, in `found`, (epochs, issues, labels)."""

    def watch(epoch: int, classifier: Classifier) -> None:
        found[epoch - 1, part.rows] = predict(classifier, part.outside.hidden)
        report(epoch / len(found))

    return watch


def _micro_f1(y: Targets, p: Probabilities) -> float:
    rows = ~np.isnan(p).any(axis=1)
    return micro_f1(y[rows], p[rows] >= f1_threshold(y, p))


def _train(
    backbone: Backbone, texts: Texts, plan: Plan, seed: int, watch: Callable[[int, Classifier], None], *, epochs: int
) -> Classifier:
    """Return a classifier trained for so many of the schedule's epochs, beginning with a linear probe."""
    torch.manual_seed(seed)
    classifier = Classifier(backbone.upper(), backbone.pooling, backbone.dimensions, texts.targets.shape[1])

    def probe() -> None:
        classifier.set_head(fit_head(embed(classifier, texts.hidden), texts.targets))

    def after(epoch: int) -> bool:
        if plan.refit_head:
            probe()
        watch(epoch, classifier)
        return epoch == epochs

    def collate(rows: Sequence[int]) -> Batch:
        return {**batch([texts.hidden[row] for row in rows]), "targets": torch.from_numpy(texts.targets[list(rows)])}

    probe()
    task = Task(len(texts.hidden), collate, plan.objective(seed))
    run_trainer(classifier, task, schedule=plan.schedule, seed=seed, watch=after)
    return classifier.eval()


def _within(report: Progress, part: int, parts: int) -> Progress:
    return lambda done: report((part + done) / parts)
