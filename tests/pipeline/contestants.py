"""Methods for the tests of experiments: quick, and some that record, tell, or fail."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from pipeline.issues import Issue, Probabilities, Targets
from pipeline.methods.base import Issues


def distinct(issues: Sequence[Issue]) -> list[Issue]:
    """Return the issues so that no two say the same."""
    return [replace(each, body=f"{each.body} a{each.number} b{each.number} c{each.number}") for each in issues]


class Contestant:
    """Says of each label how often it was there, and more of it where its name stands in the text."""

    name: ClassVar[str] = "contestant"
    cost: ClassVar[float] = 0.0

    def settings(self) -> dict[str, Any]:
        return {}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        self.labels_ = [label.name for label in options.get("labels", ())]
        self.rates_ = (targets == 1).mean(axis=0) if len(targets) else np.zeros(targets.shape[1])
        self.held_out_ = self.guess(issues)
        return self

    def guess(self, issues: Issues) -> Probabilities:
        said = [[label in f"{issue.title} {issue.body}" for label in self.labels_] for issue in issues]
        named = np.array(said, dtype=np.float32).reshape(len(issues), len(self.rates_))
        return (0.6 * named + 0.3 * self.rates_).astype(np.float32)

    def predict_proba(self, issues: Issues) -> Probabilities:
        return self.guess(issues)

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        return cls()


class Recorder(Contestant):
    """Records what it is given."""

    name = "recorder"
    given: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[list[list[Issue]]] = []

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        self.given.append({"issues": list(issues), "targets": targets, "seed": seed, **options})
        return super().fit(issues, targets, seed=seed, **options)

    def predict_proba(self, issues: Issues) -> Probabilities:
        self.asked.append(list(issues))
        return super().predict_proba(issues)


class Failing(Contestant):
    """Fails on 16 issues."""

    name = "failing"

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        if len(issues) == 16:
            raise RuntimeError("<b>no memory</b>")
        return super().fit(issues, targets, seed=seed, **options)


class Encoder(Contestant):
    """Says that it trains an encoder, and tells of its steps and rounds."""

    name = "encoder"
    encoder: ClassVar[bool] = True

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        self.loss_ = [(0, 3.5), (10, 2.5), (20, float("nan"))]
        self.rounds_ = [{"round": 1, "gain": 0.1, "pseudo <labels>": 30}, {"round": 2, "gain": np.float32(0.25)}]
        self.map_ = {"k": [1, 2], "m": [1, 2, 3], "micro_f1": np.full((2, 3), 0.5)}
        self.report_ = {"free": object, "path": Path("a")}
        return super().fit(issues, targets, seed=seed, **options)


class NoLabels(Contestant):
    """Needs no label."""

    name = "no_labels"
    needs_labels: ClassVar[bool] = False


CONTESTANTS: tuple[type[Contestant], ...] = (Contestant, Recorder, Failing, Encoder, NoLabels)
