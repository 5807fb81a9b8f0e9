"""Any method, fitted on the issues and on copies of them in other words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from pipeline.augmentation import Augmenter, Perturbation, TfIdfReplacement
from pipeline.errors import ModelError
from pipeline.issues import Probabilities, Targets
from pipeline.methods.base import FitOptions, Issues, Method, make, method_class
from pipeline.rewriting import BackTranslation, ContextualSubstitution
from pipeline.splits import FOLDS, cross_fitted

AUGMENTERS: Mapping[str, type[Augmenter]] = {
    "perturbation": Perturbation,
    "tfidf": TfIdfReplacement,
    "contextual": ContextualSubstitution,
    "back_translation": BackTranslation,
}


class Augmented:
    """Fit another method on the issues and on copies of each, which have the same labels.

    After :meth:`fit`, `held_out_` has the probabilities of the training issues, (issues, labels), each from a twin that
    saw neither the issue nor any copy of it. What the augmenter learns of texts, which knows no label, it learns of all
    issues and of the unlabelled ones. The base is told which issues are copies of each other (`groups`).

    Parameters
    ----------
    base : str
        The method that is fitted.
    base_settings : mapping, optional
        Its hyper-parameters, where they differ from its own.
    how : {"perturbation", "tfidf", "contextual", "back_translation"}
        The augmenter, see :mod:`pipeline.augmentation` and :mod:`pipeline.rewriting`.
    how_settings : mapping, optional
        Its settings, where they differ from its own; the last two need a checkpoint.
    copies : int
        Of each issue.
    """

    name: ClassVar[str] = "augmented"
    cost: ClassVar[float] = 30.0

    def __init__(
        self,
        base: str = "naive_bayes",
        base_settings: Mapping[str, Any] | None = None,
        how: str = "perturbation",
        how_settings: Mapping[str, Any] | None = None,
        copies: int = 4,
    ) -> None:
        if how not in AUGMENTERS or copies < 1:
            raise ModelError(f"how is one of {', '.join(AUGMENTERS)}, copies 1 or more; not {how!r} and {copies!r}")
        self.base, self.base_settings = base, dict(base_settings or {})
        self.how, self.how_settings = how, dict(how_settings or {})
        self.copies = copies

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in ("base", "base_settings", "how", "how_settings", "copies")}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Make the copies once, cross-fit on them, then fit on all."""
        versions = self._versions(issues, options.get("unlabeled", ()), np.random.default_rng(seed))
        report = options.pop("progress", None) or (lambda done: None)
        groups = options.setdefault("groups", np.arange(len(issues)))
        done = 0

        def predict(outside: list[int], inside: list[int]) -> Probabilities:
            nonlocal done
            found = self._fit_base(versions, targets, outside, seed, options)
            done += 1
            report(done / (FOLDS + 1))
            return found.predict_proba([issues[row] for row in inside])

        self.held_out_ = cross_fitted(targets, predict, seed=seed, groups=groups)
        self.base_ = self._fit_base(versions, targets, list(range(len(issues))), seed, options)
        report(1.0)
        return self

    def _versions(self, issues: Issues, unlabeled: Issues, random: np.random.Generator) -> list[Issues]:
        """Return the issues as they are, and each set of copies."""
        augmenter = self._augmenter().fit([*issues, *unlabeled])
        return [issues, *(augmenter.augment(issues, random) for _ in range(self.copies))]

    def _augmenter(self) -> Augmenter:
        try:
            return AUGMENTERS[self.how](**self.how_settings)
        except TypeError as error:
            raise ModelError(f"{self.how!r} cannot be made with the settings {self.how_settings}: {error}") from error

    def _fit_base(
        self, versions: list[Issues], targets: Targets, rows: list[int], seed: int, options: FitOptions
    ) -> Method:
        """Fit the base on all versions of some rows."""
        options = {**options, "groups": np.tile(options["groups"][rows], len(versions))}
        return make(self.base, self.base_settings).fit(
            [version[row] for version in versions for row in rows],
            np.tile(targets[rows], (len(versions), 1)),
            seed=seed,
            **options,
        )

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the base's probability of each label, (issues, labels)."""
        return self.base_.predict_proba(issues)

    def save(self, folder: Path) -> None:
        """Write what the base learned; there is nothing else to keep."""
        self.base_.save(folder)

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method = cls(**settings)
        method.base_ = method_class(method.base).load(folder, method.base_settings)
        return method
