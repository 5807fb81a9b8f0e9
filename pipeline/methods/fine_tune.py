"""Fine-tune an encoder on the labels: multi-label cross-entropy on a sigmoid head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

import numpy as np
from safetensors.numpy import load_file, save_file

from pipeline.encoder import BUNDLED, Encoder
from pipeline.errors import ModelError
from pipeline.heads import probabilities
from pipeline.issues import Issue, Probabilities, Targets, clean_body
from pipeline.methods.base import FitOptions, Issues, Progress

if TYPE_CHECKING:
    from pipeline.finetuning import Plan, TunedEncoder
    from pipeline.layers import Backbone
    from pipeline.trainer import Schedule

ENCODER = "encoder"  # folder in that of the model: both have a manifest
READING = 0.1  # share of the time that the lower layers take, once


class FineTune:
    """Train the upper layers of an encoder, and a linear head on its pooled output.

    Embeddings and lower layers stay as they are, and are run once for each text. Training begins with a linear probe,
    and lasts the number of epochs with the best micro-F1 on issues held out, see :func:`pipeline.finetuning.tune`.

    After :meth:`fit`, `held_out_` has the probabilities of these issues, (issues, labels), `epochs_` that number, and
    `micro_f1_` what each number reached.

    Parameters
    ----------
    backbone : str
        The encoder's checkpoint, see :func:`pipeline.encoder.load_encoder`.
    frozen : int
        Layers that stay as they are; at 0 all are trained, see :class:`pipeline.layers.Backbone`.
    tokens : int
        Read of each issue.
    epochs : int
        At most.
    reads : int
        Texts that one training reads at most, over its epochs; there is one epoch at least.
    rate : float
        Greatest learning rate.
    batch : int
        Issues a step.

    References
    ----------
    Kumar et al. (2022), arXiv:2202.10054: a linear probe first, so that fine-tuning distorts the features less.
    """

    name: ClassVar[str] = "fine_tune"
    cost: ClassVar[float] = 200.0
    encoder: ClassVar[bool] = True
    extra: ClassVar[tuple[str, ...]] = ()  # names of the hyper-parameters that a variant adds

    def __init__(
        self,
        backbone: str = BUNDLED,
        *,
        frozen: int = 3,
        tokens: int = 64,
        epochs: int = 6,
        rate: float = 2e-4,
        batch: int = 4,
        reads: int = 4_000,
    ) -> None:
        self.backbone, self.frozen, self.tokens = backbone, frozen, tokens
        self.epochs, self.rate, self.batch, self.reads = epochs, rate, batch, reads

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        names = ("backbone", "frozen", "tokens", "epochs", "rate", "batch", "reads", *self.extra)
        return {name: getattr(self, name) for name in names}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Choose the number of epochs on issues held out, then train on all."""
        from pipeline.finetuning import Texts, tune

        report = options.get("progress") or (lambda done: None)
        backbone = self._backbone(issues, options, seed, _within(report, 0, READING))
        texts, validation = Texts(backbone.read(readable(issues)), targets, options.get("groups")), None
        if given := options.get("validation"):
            validation = Texts(backbone.read(readable(given[0])), given[1])
        plan = self._plan(backbone, issues, options, seed)
        tuned = tune(backbone, texts, plan, seed=seed, validation=validation, report=_within(report, READING, 1))
        self.encoder_: TunedEncoder | Encoder = tuned.encoder
        self.head_, self.held_out_ = tuned.head, tuned.held_out
        self.epochs_, self.micro_f1_ = tuned.epochs, tuned.micro_f1
        return self

    def _backbone(self, issues: Issues, options: FitOptions, seed: int, report: Progress) -> Backbone:
        from pipeline.layers import Backbone

        return Backbone(self.backbone, frozen=self.frozen, tokens=self.tokens)

    def _plan(self, backbone: Backbone, issues: Issues, options: FitOptions, seed: int) -> Plan:
        from pipeline.finetuning import Plan

        return Plan(self._schedule(len(issues)))

    def _schedule(self, issues: int) -> Schedule:
        from pipeline.trainer import Schedule

        return Schedule(max(min(self.epochs, self.reads // max(issues, 1)), 1), self.rate, self.batch)

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the probability of each label, (issues, labels)."""
        if not issues:
            return np.zeros((0, len(self.head_[1])), dtype=np.float32)
        return probabilities(self.encoder_.embed(readable(issues)), self.head_)

    def save(self, folder: Path) -> None:
        """Write the encoder, as ONNX and checked against PyTorch, and the head; ModelError if it was loaded itself."""
        if isinstance(self.encoder_, Encoder):
            raise ModelError("this model was loaded: copy its folder instead of saving it again")
        (folder / ENCODER).mkdir()
        self.encoder_.save(folder / ENCODER)
        save_file({"weights": self.head_[0], "bias": self.head_[1]}, folder / "head.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote; PyTorch is not needed."""
        method, head = cls(**settings), load_file(folder / "head.safetensors")
        method.encoder_, method.head_ = Encoder(folder / ENCODER), (head["weights"], head["bias"])
        return method


def readable(issues: Issues) -> list[str]:
    """Return what the encoder reads of each issue: the title, and what a person wrote in the body."""
    return [_text(issue) for issue in issues]


def _text(issue: Issue) -> str:
    return f"{issue.title}\n\n{clean_body(issue.body)}"


def _within(report: Progress, start: float, end: float) -> Progress:
    return lambda done: report(start + done * (end - start))
