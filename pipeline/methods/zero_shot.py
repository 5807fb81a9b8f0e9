"""What labels mean in words, compared with an issue: learns from no label at all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

import numpy as np
from safetensors.numpy import load_file, save_file

from pipeline.encoder import BUNDLED
from pipeline.errors import ModelError
from pipeline.glossary import Meaning, meaning
from pipeline.issues import Issue, Probabilities, Targets, spread_evenly
from pipeline.labels import Label
from pipeline.methods.base import FitOptions, Issues, labels_read
from pipeline.similarity import SCALE, Aggregate, Scores, Similarity, standing_out

if TYPE_CHECKING:  # transformers comes with it, and the worker does without
    from pipeline.entailment import Entailment

SAMPLE = {"similarity": 500, "entailment": 32}  # unlabelled issues that the centre of each label is taken from


class ZeroShot:
    """Rank labels by similarity of embeddings, or by entailment where a checkpoint for that is set.

    A label's log odds are ``scale * (score - centre) + log(share)``: `centre` is its mean score over the unlabelled
    issues, `share` the glossary's idea of how usual it is. The probability says how far it is from its rival: 0.5 or
    more if the label is among the `top_k` best and better than "none of these", see
    :func:`pipeline.similarity.standing_out`. That is no measured frequency; on held-out issues it can be calibrated.

    `fit` reads from the targets only how many columns there are, and of `issues` only the text, where no unlabelled
    ones are given. After it, `held_out_` has the probabilities of `issues`, (issues, labels).

    Parameters
    ----------
    backbone : str
        The encoder's checkpoint, see :func:`pipeline.encoder.load_encoder`.
    aggregate : {"mean", "max"}
        Over the phrasings of a label.
    top_k : int
        Most labels an issue gets.
    names : mapping of str to sequence of str, optional
        Phrasings by label, instead of those of :mod:`pipeline.glossary`.
    shares : mapping of str to float, optional
        Roughly how many issues have a label, 0 to 1, instead of the glossary's idea.
    checkpoint : str
        Of a model of natural-language inference; empty for similarity.
    hypothesis : str
        What is to be entailed, with `{}` for a phrasing.
    scale : float, optional
        Log odds for each unit of score; by default 18 of similarity, and 1 of entailment, which is in log odds.

    References
    ----------
    Yin, Hay & Roth (2019), doi:10.18653/v1/D19-1404: entailment. Chang et al. (2008), Dataless classification:
    similarity to the labels' words. Radovanović et al. (2010), JMLR 11: hubness, here met by centring each label.
    """

    name: ClassVar[str] = "zero_shot"
    cost: ClassVar[float] = 30.0
    needs_labels: ClassVar[bool] = False

    def __init__(
        self,
        backbone: str = BUNDLED,
        *,
        aggregate: Aggregate = "mean",
        top_k: int = 1,
        names: Mapping[str, Sequence[str]] | None = None,
        shares: Mapping[str, float] | None = None,
        checkpoint: str = "",
        hypothesis: str = "This issue is about {}.",
        scale: float | None = None,
    ) -> None:
        if aggregate not in ("mean", "max") or top_k < 1:
            raise ModelError(f"aggregate is 'mean' or 'max', top_k 1 or more; not {aggregate!r} and {top_k!r}")
        self.backbone, self.aggregate, self.top_k, self.scale = backbone, aggregate, top_k, scale
        self.names, self.shares = names or {}, shares or {}
        self.checkpoint, self.hypothesis = checkpoint, hypothesis

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        of_labels = {"names": {name: list(each) for name, each in self.names.items()}, "shares": dict(self.shares)}
        kept = ("backbone", "aggregate", "top_k", "checkpoint", "hypothesis", "scale")
        return {name: getattr(self, name) for name in kept} | of_labels

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Look up what the labels mean, and centre them on the unlabelled issues; nothing is random."""
        labels = labels_read(self.name, targets, options)
        meanings = [self._meaning(label) for label in labels]
        self.phrasings_ = [each.nouns if self.checkpoint else each.phrasings for each in meanings]
        self.prior_ = np.log([each.share for each in meanings])  # (labels,)
        self._compare_ = self._comparison()
        self.centre_ = self._compare_.centre(self._sample(options.get("unlabeled") or issues))  # (labels,)
        self.held_out_ = self.predict_proba(issues)
        return self

    def log_odds(self, issues: Issues) -> Scores:
        """Return the log odds of each label, (issues, labels), before any is compared with its rival."""
        scale = self.scale or (1.0 if self.checkpoint else SCALE)
        return scale * (self._compare_(issues) - self.centre_) + self.prior_

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return how surely each label is among the best of its issue, (issues, labels)."""
        if not issues:
            return np.zeros((0, len(self.prior_)), dtype=np.float32)
        return standing_out(self.log_odds(issues), self.top_k)

    def save(self, folder: Path) -> None:
        """Write the phrasings as JSON, and centre and prior of each label."""
        (folder / "labels.json").write_text(json.dumps({"phrasings": self.phrasings_}))
        save_file({"centre": self.centre_, "prior": self.prior_}, folder / "weights.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method, arrays = cls(**settings), load_file(folder / "weights.safetensors")
        method.centre_, method.prior_ = arrays["centre"], arrays["prior"]
        method.phrasings_ = [tuple(each) for each in json.loads((folder / "labels.json").read_text())["phrasings"]]
        method._compare_ = method._comparison()
        return method

    def _meaning(self, label: Label) -> Meaning:
        found = meaning(label)
        phrasings = tuple(self.names.get(label.name) or ())
        share = self.shares.get(label.name, found.share)
        return Meaning(phrasings, (), share) if phrasings else Meaning(found.nouns, found.sentences, share)

    def _comparison(self) -> "Similarity | Entailment":
        if not self.checkpoint:
            return Similarity(self.phrasings_, aggregate=self.aggregate, backbone=self.backbone)
        from pipeline.entailment import Entailment

        return Entailment(
            self.phrasings_, checkpoint=self.checkpoint, hypothesis=self.hypothesis, aggregate=self.aggregate
        )

    def _sample(self, issues: Issues) -> list[Issue]:
        """Return so many issues, evenly spread, as the comparison can afford."""
        return spread_evenly(issues, SAMPLE["entailment" if self.checkpoint else "similarity"])
