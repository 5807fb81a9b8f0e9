"""Uncertainty-aware self-training: learn from guesses about unlabelled issues, from sure ones the most."""

from typing import Any, ClassVar, Self, Unpack

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.encoder import BUNDLED
from pipeline.errors import ModelError
from pipeline.issues import Targets
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.basis import Basis
from pipeline.methods.linear import Linear, texts_of
from pipeline.methods.self_training import Plan, SelfTraining
from pipeline.uncertainty import Scheme

OF_LINEAR = ("backbone", "strength", "dense", "max_terms")
OWN = ("dropout", "passes", "scheme", "share", "trust", "rounds", "most")


class Ust(Linear):
    """A `linear` model, fitted on the labelled issues and on a teacher's guesses about the unlabelled ones.

    The teacher is a head on the features of :class:`pipeline.methods.linear.Linear`, whose vocabularies are those of
    all issues. Each round, stochastic passes with dropout say how probable each label of each unlabelled issue is and
    how sure that is; a share of these guesses is drawn, by BALD and for each label's yes and no apart; and a student is
    fitted afresh on the labelled issues and on these guesses, weighted by their variance. The student teaches next.
    Rounds end when nothing is gained, see :class:`pipeline.methods.self_training.SelfTraining`. Without any unlabelled
    issue it is its teacher.

    After :meth:`fit`, `held_out_`, `rounds_` and `stopped_because_` are those of the self-training. The labels of
    `held_out_` were held out, while the texts of these issues were read for the vocabularies and the directions of the
    features, which know no label, as in `linear`.

    Parameters
    ----------
    backbone, strength, dense, max_terms
        As those of :class:`pipeline.methods.linear.Linear`.
    dropout : float
        Share of the features that each pass lacks.
    passes : int
        Stochastic passes.
    scheme : {"easy", "hard"}
        Whether guesses are drawn that the passes agree on, or that they do not. With so many drawn it hardly matters;
        "hard" was a little better on validation data.
    share : float
        Of the guesses, drawn each round.
    trust : float
        How much all drawn guesses together count, the labelled issues together being 1.
    rounds : int
        Most students. On validation data the second and later ones gained nothing in micro-F1 and lost some of the
        first one's macro-F1 (`benchmarks/ust.py`), so that by default there is one.
    most : int
        Most unlabelled issues; of more, so many are drawn.

    References
    ----------
    Mukherjee & Awadallah (2020), Uncertainty-aware Self-training for Few-shot Text Classification, NeurIPS. Deviations,
    beside those of :mod:`pipeline.uncertainty`, which make it multi-label, and of :mod:`pipeline.methods.head`: the
    teacher is a head on frozen features and not a fine-tuned encoder, so that a round takes a second; a student starts
    afresh and sees the labelled issues again, while theirs goes on from the teacher on guesses alone; how much the
    guesses count does not depend on how many they are; the scores of each label are calibrated on the held-out issues,
    teacher's and student's, as those of `linear` are; what a round gains is measured on cross-fitted predictions,
    as a fixed validation set would take half of the few labels.
    """

    name: ClassVar[str] = "ust"
    cost: ClassVar[float] = 90.0

    def __init__(
        self,
        backbone: str = BUNDLED,
        strength: float = 20.0,
        dense: float = 0.5,
        max_terms: int = 50_000,
        *,
        dropout: float = 0.3,
        passes: int = 30,
        scheme: Scheme = "hard",
        share: float = 0.9,
        trust: float = 3.0,
        rounds: int = 1,
        most: int = 2_000,
    ) -> None:
        if scheme not in ("easy", "hard"):
            raise ModelError(f"the scheme is easy or hard, not {scheme!r}")
        super().__init__(backbone, strength, dense, max_terms)
        self.dropout, self.passes, self.scheme, self.share = dropout, passes, scheme, share
        self.trust, self.rounds, self.most = trust, rounds, most

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in (*OF_LINEAR, *OWN)}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Find the features of all issues, self-train on them, and turn the head into a `linear` model's."""
        report = options.get("progress") or (lambda done: None)
        pool = self._pool(options.get("unlabeled", ()), seed)
        names = [label.name for label in options.get("labels") or ()] or [str(n) for n in range(targets.shape[1])]
        with threadpool_limits(1):  # so that what is summed does not depend on how many threads there are
            basis = self.basis([*issues, *pool])
            rows = basis.features
            training = SelfTraining(self.plan(), rows[: len(issues)], targets, rows[len(issues) :], names)
            training.run(seed=seed, report=report, groups=options.get("groups"))
            weights, shift = basis.weights(training.head_.weights)
        self.weights_ = np.ascontiguousarray(weights.T)  # (labels, terms + 3 × dimensions)
        self.bias_ = training.head_.bias + shift
        self.held_out_ = training.held_out_
        self.rounds_, self.stopped_because_ = training.rounds_, training.stopped_because_
        return self

    def plan(self) -> Plan:
        """Return how it self-trains."""
        return Plan(self.strength, self.dropout, self.passes, self.scheme, self.share, self.trust, self.rounds)

    def _pool(self, unlabeled: Issues, seed: int) -> Issues:
        if len(unlabeled) <= self.most:
            return unlabeled
        drawn = np.random.default_rng(seed).choice(len(unlabeled), self.most, replace=False)
        return [unlabeled[row] for row in np.sort(drawn)]

    def basis(self, every: Issues) -> Basis:
        """Fit the vocabularies on all issues, and return their features."""
        texts = texts_of(every)
        self._fit_views(texts, least=2 if len(every) >= 50 else 1)  # in a handful, most terms are there only once
        return Basis(*self._features(every, texts))
