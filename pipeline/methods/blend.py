"""Two or more methods as one, each with a weight that its held-out predictions earn."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias, Unpack

from pipeline.blending import Mixture, learn
from pipeline.errors import ModelError
from pipeline.issues import Probabilities, Targets
from pipeline.methods.base import FitOptions, Issues, Method, Progress, cross_fit, make, method_class

Member: TypeAlias = "str | Sequence[Any]"  # a name, or a pair of name and settings
MEMBERS = ("zero_shot", "naive_bayes", "linear")  # the best of those that take seconds, on issues of a training period


class Blend:
    """A weighted mean of the probabilities of several methods, see :mod:`pipeline.blending`.

    After :meth:`fit`, `held_out_` has the blend of what the members held out, (issues, labels), NaN where one of them
    did not. It is a little better than the truth, for the few numbers of the mixture were learnt on it: a weight, a
    slope and a shift a member, whatever the number of labels.

    Parameters
    ----------
    members : sequence
        Two methods or more: the name of each, or a pair of name and settings.
    """

    name: ClassVar[str] = "blend"
    cost: ClassVar[float] = 120.0

    def __init__(self, members: Sequence[Member] = MEMBERS) -> None:
        pairs: list[Sequence[Any]] = [(each, {}) if isinstance(each, str) else each for each in members]
        if len(pairs) < 2 or any(len(pair) != 2 or pair[0] == self.name for pair in pairs):
            raise ModelError(f"members are two methods or more, each a name or [name, settings]: not {list(members)!r}")
        self.members = [(str(pair[0]), dict(pair[1])) for pair in pairs]

    @classmethod
    def of(cls, fitted: Sequence[Method], targets: Targets, held_out: Sequence[Probabilities]) -> Self:
        """Return the blend of methods that are fitted already, by what they held out, (issues, labels) each."""
        blend = cls([(method.name, method.settings()) for method in fitted])
        return blend._mix(fitted, targets, held_out)

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters, those of the members with them."""
        return {"members": [[name, make(name, settings).settings()] for name, settings in self.members]}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Fit each member, cross-fit those that hold nothing out, then learn the weights."""
        report = options.pop("progress", None) or (lambda done: None)
        fitted, held_out = [], []
        for place, (name, settings) in enumerate(self.members):
            options["progress"] = _part(report, place, len(self.members))
            fitted.append(make(name, settings).fit(issues, targets, seed=seed, **options))
            held_out.append(self._held_out(fitted[-1], issues, targets, seed, options))
        report(1.0)
        return self._mix(fitted, targets, held_out)

    @staticmethod
    def _held_out(method: Method, issues: Issues, targets: Targets, seed: int, options: FitOptions) -> Probabilities:
        found: Probabilities | None = getattr(method, "held_out_", None)
        if found is not None:
            return found
        without: FitOptions = {**options, "progress": None}
        return cross_fit(lambda: make(method.name, method.settings()), issues, targets, seed=seed, options=without)

    def _mix(self, fitted: Sequence[Method], targets: Targets, held_out: Sequence[Probabilities]) -> Self:
        self.fitted_ = list(fitted)
        self.mixture_ = learn(targets, held_out)
        self.held_out_ = self.mixture_(held_out)
        self.report_ = {"blend": dict(zip([name for name, _ in self.members], self.mixture_.weights, strict=True))}
        return self

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the blended probability of each label, (issues, labels)."""
        return self.mixture_([method.predict_proba(issues) for method in self.fitted_])

    def save(self, folder: Path) -> None:
        """Write each member into a folder of its own, and how they are weighed."""
        (folder / "mixture.json").write_text(json.dumps(self.mixture_.as_json()))
        for method, each in zip(self.fitted_, self._folders(folder), strict=True):
            each.mkdir()
            method.save(each)

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method = cls(**settings)
        method.mixture_ = Mixture.from_json(json.loads((folder / "mixture.json").read_text()))
        method.fitted_ = [
            method_class(name).load(each, own)
            for (name, own), each in zip(method.members, method._folders(folder), strict=True)
        ]
        return method

    def _folders(self, folder: Path) -> Iterator[Path]:
        return (folder / f"{place}-{name}" for place, (name, _) in enumerate(self.members))


def _part(report: Progress, place: int, count: int) -> Callable[[float], None]:
    """Return a callback by which one of several members reports the share of the whole."""
    return lambda done: report((place + done) / count)
