"""Adapt the encoder to the words of a repository before it is fine-tuned on the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.issues import spread_evenly
from pipeline.methods.base import FitOptions, Issues, Progress
from pipeline.methods.fine_tune import FineTune, readable

if TYPE_CHECKING:
    from pipeline.layers import Backbone


class DomainAdapted(FineTune):
    """Train the encoder as a masked language model on labelled and unlabelled issues, then fine-tune it.

    None of the issues may be in a hold-out, which is for the caller to see to; no label is read before the fine-tuning.
    After :meth:`fit`, `loss_` has the course of the masked-LM training, (step, loss).

    Parameters
    ----------
    adapt_epochs, adapt_rate : int, float
        Of the masked-LM training.
    adapted : float
        Share of what it made of the weights in their mean with those before it.
    most : int
        Issues it is done on; of more, so many evenly spread over their numbers, the same whichever have labels.
    more
        Hyper-parameters of :class:`FineTune`.

    References
    ----------
    Gururangan et al. (2020), arXiv:2004.10964: task-adaptive pre-training. See :func:`pipeline.adaptation.adapt`.
    """

    name: ClassVar[str] = "domain_adapted"
    cost: ClassVar[float] = 400.0
    extra: ClassVar[tuple[str, ...]] = ("adapt_epochs", "adapt_rate", "adapted", "most")

    def __init__(
        self, *, adapt_epochs: int = 3, adapt_rate: float = 2e-4, adapted: float = 0.5, most: int = 1000, **more: Any
    ) -> None:
        super().__init__(**more)
        self.adapt_epochs, self.adapt_rate, self.adapted, self.most = adapt_epochs, adapt_rate, adapted, most

    def _backbone(self, issues: Issues, options: FitOptions, seed: int, report: Progress) -> Backbone:
        from pipeline.adaptation import adapt
        from pipeline.trainer import Schedule

        backbone = super()._backbone(issues, options, seed, report)
        both = sorted([*issues, *options.get("unlabeled", ())], key=lambda issue: issue.number)
        texts = readable(spread_evenly(both, self.most))
        schedule = Schedule(self.adapt_epochs, self.adapt_rate, batch=16)
        self.loss_ = adapt(backbone, texts, schedule=schedule, seed=seed, report=report, share=self.adapted)
        return backbone
