"""Fine-tune an encoder on labelled issues, and on unlabelled ones so that predictions outlast a change of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.augmentation import TfIdfReplacement
from pipeline.issues import spread_evenly
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.fine_tune import FineTune, readable

if TYPE_CHECKING:
    from pipeline.finetuning import Plan
    from pipeline.layers import Backbone


class Uda(FineTune):
    """Unsupervised data augmentation: supervised loss, and consistency between an issue and its TF-IDF replacement.

    Without unlabelled issues it is fine-tuning. Loss and deviations: :class:`pipeline.consistency.Consistency`.

    Parameters
    ----------
    weight, ratio, confidence, temperature, anneal
        See :class:`pipeline.consistency.Strength`. The paper anneals; with few labels of which most cells are a no, the
        first epochs then unlearnt how rare a label is, so that it is off unless asked for.
    most : int
        Unlabelled issues used; of more, so many evenly spread over time.
    more
        Hyper-parameters of :class:`FineTune`.

    References
    ----------
    Xie et al. (2020), arXiv:1904.12848.
    """

    name: ClassVar[str] = "uda"
    cost: ClassVar[float] = 700.0
    extra: ClassVar[tuple[str, ...]] = ("weight", "ratio", "confidence", "temperature", "anneal", "most")

    def __init__(
        self,
        *,
        weight: float = 1.0,
        ratio: int = 2,
        confidence: float = 0.8,
        temperature: float = 0.5,
        anneal: bool = False,
        most: int = 800,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.weight, self.ratio, self.confidence = weight, ratio, confidence
        self.temperature, self.anneal, self.most = temperature, anneal, most

    def _plan(self, backbone: Backbone, issues: Issues, options: FitOptions, seed: int) -> Plan:
        from pipeline.consistency import Consistency, Pairs, Strength
        from pipeline.finetuning import Plan

        some = spread_evenly(options.get("unlabeled", ()), self.most)
        reworded = TfIdfReplacement().fit([*issues, *some]).augment(some, np.random.default_rng(seed))
        pairs = Pairs(backbone.read(readable(some)), backbone.read(readable(reworded)))
        strength = Strength(self.weight, self.ratio, self.confidence, self.temperature, self.anneal)
        schedule = self._schedule(len(issues))

        def objective(seed: int) -> Consistency:
            return Consistency(pairs, strength, steps=schedule.epochs * -(-len(issues) // schedule.batch), seed=seed)

        return Plan(schedule, objective)
