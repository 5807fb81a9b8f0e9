"""Fine-tune an encoder so that issues with the same labels lie together, then fit a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pipeline.encoder import BUNDLED
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.fine_tune import FineTune

if TYPE_CHECKING:
    from pipeline.finetuning import Plan
    from pipeline.layers import Backbone


class Contrastive(FineTune):
    """Train the upper layers of an encoder on pairs of issues, and after each epoch a logistic regression a label.

    The idea is SetFit's; the loss and its deviations are :func:`pipeline.contrast.contrast`. Hyper-parameters and
    attributes are those of :class:`FineTune`.

    References
    ----------
    Tunstall et al. (2022), arXiv:2209.11055: efficient few-shot learning without prompts.
    """

    name: ClassVar[str] = "contrastive"
    cost: ClassVar[float] = 600.0

    def __init__(
        self,
        backbone: str = BUNDLED,
        *,
        frozen: int = 3,
        tokens: int = 160,
        epochs: int = 6,
        rate: float = 4e-4,
        batch: int = 16,
        reads: int = 4_000,
    ) -> None:
        super().__init__(backbone, frozen=frozen, tokens=tokens, epochs=epochs, rate=rate, batch=batch, reads=reads)

    def _plan(self, backbone: Backbone, issues: Issues, options: FitOptions, seed: int) -> Plan:
        from pipeline.contrast import contrast
        from pipeline.finetuning import Plan

        return Plan(self._schedule(len(issues)), lambda seed: contrast, refit_head=True)
