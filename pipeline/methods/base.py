"""The contract that every learning method keeps, and what the pipeline passes to it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypedDict, Unpack

from pipeline.errors import ModelError
from pipeline.issues import Issue, Probabilities, Targets
from pipeline.labels import Label
from pipeline.splits import FOLDS, Rows, cross_fitted

Issues = Sequence[Issue]
Progress = Callable[[float], None]  # called with the share done, 0 to 1


class FitOptions(TypedDict, total=False):
    """What `fit` may be given beyond issues and targets; a method takes what it can use."""

    unlabeled: Issues  # issues of which no label is known; none of them is in a hold-out
    validation: tuple[Issues, Targets] | None
    labels: Sequence[Label]  # what the columns of the targets stand for
    groups: Rows  # (n,): issues of the same number say the same, so that none is held out from the others
    progress: Progress | None


class Method(Protocol):
    """A learner of labels. Constructed with hyper-parameters only; what it learned has a trailing underscore.

    A method that predicts training issues by models which did not see them keeps that as `held_out_`, (n, labels); a
    row that no such model predicted is NaN. For a method without it, :mod:`pipeline.training` cross-fits.

    A method may say more of itself in class attributes: `encoder = True` where it trains an encoder, which takes
    minutes; `needs_labels = False` where it can be fitted on no issue at all. What a fitted one has to tell goes into
    `report_`, see :mod:`pipeline.experiment_report`.
    """

    name: ClassVar[str]
    cost: ClassVar[float]  # rough seconds to fit 1,000 issues of 10 labels on two cores

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters, such that ``type(self)(**settings)`` is an unfitted twin."""
        ...

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Fit on `issues`, (n,), with `targets`, (n, labels); cells that are UNKNOWN teach nothing."""
        ...

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the probability of each label for each issue, (n, labels)."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was learned into `folder` as JSON and safetensors."""
        ...

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        ...


def labels_read(method: str, targets: Targets, options: FitOptions) -> Sequence[Label]:
    """Return what the columns of the targets stand for, for a method that reads it; ModelError if it was not told."""
    labels = options.get("labels") or ()
    if len(labels) != targets.shape[1]:
        raise ModelError(f"{method} reads labels: {targets.shape[1]} columns need as many, not {len(labels)}")
    return labels


def cross_fit(
    make_twin: Callable[[], Method], issues: Issues, targets: Targets, *, seed: int, options: FitOptions
) -> Probabilities:
    """Return the probabilities of each issue by a method fitted on the other folds, (issues, labels).

    `options` are those of a fit on all issues; validation issues among them are not passed on.
    """
    groups, report = options.get("groups"), options.get("progress") or (lambda done: None)
    done = 0

    def predict(outside: list[int], inside: list[int]) -> Probabilities:
        nonlocal done
        given: FitOptions = {"unlabeled": options.get("unlabeled", ()), "labels": options.get("labels", ())}
        if groups is not None:
            given["groups"] = groups[outside]
        twin = make_twin().fit([issues[row] for row in outside], targets[outside], seed=seed, **given)
        done += 1
        report(done / FOLDS)
        return twin.predict_proba([issues[row] for row in inside])

    return cross_fitted(targets, predict, seed=seed, groups=groups)


METHODS: dict[str, type[Method]] = {}  # by name; `pipeline.methods` enters them all, so that one may build on another


def method_class(name: str) -> type[Method]:
    """Return the method of that name; ModelError says which there are."""
    if name not in METHODS:
        raise ModelError(f"there is no method {name!r}; there are: {', '.join(METHODS)}")
    return METHODS[name]


def make(name: str, settings: Mapping[str, Any]) -> Method:
    """Return an unfitted method; ModelError if it has no such setting."""
    try:
        return method_class(name)(**settings)
    except TypeError as error:
        raise ModelError(f"the method {name!r} cannot be made with the settings {dict(settings)}: {error}") from error
