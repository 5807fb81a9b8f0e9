"""Which methods are worth a try for the data at hand, and about how long each takes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PipelineError
from pipeline.methods import METHODS, method_class
from pipeline.methods.base import Progress

QUICK = 100.0  # seconds for 1,000 issues of 10 labels, up to which a method is cross-fitted
MANY = 32  # labelled issues, from which on an encoder learns anything from them
ENOUGH_UNLABELED = 100  # issues, for a method that learns from those without a label
CORRECTION = (0.5, 4.0)  # how far the time of quick methods may correct the estimate of slow ones


@dataclass(frozen=True)
class Candidate:
    """A method that may come to serve, or a blend of several.

    Parameters
    ----------
    what : str
        In words, for the table.
    least, unlabeled : int
        Labelled and unlabelled issues that it needs to be worth a try.
    """

    method: str
    what: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    least: int = 0
    unlabeled: int = 0

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the methods in it."""
        members: Sequence[Any] = self.settings.get("members", ())
        return tuple(str(each) for each in members) or (self.method,)

    @property
    def name(self) -> str:
        """Return what it is called in the table."""
        return self.method if len(self.parts) == 1 else f"blend of {', '.join(self.parts[:-1])} and {self.parts[-1]}"

    @property
    def slow(self) -> bool:
        """Return whether it takes minutes, as what trains an encoder does."""
        return any(
            getattr(method_class(each), "encoder", False) or method_class(each).cost > QUICK for each in self.parts
        )

    @property
    def cost(self) -> float:
        """Return the rough seconds for 1,000 issues of 10 labels."""
        return sum(method_class(each).cost for each in self.parts)


LADDER = (
    Candidate("zero_shot", "what the labels' names mean; learns from no label"),
    Candidate("naive_bayes", "word counts"),
    Candidate("embedding_knn", "labels of the most similar issues"),
    Candidate("augmented", "naive Bayes on issues in other words, too"),
    Candidate("linear", "logistic regression on words and embeddings"),
    Candidate("ust", "self-training on unlabelled issues, by uncertainty", unlabeled=ENOUGH_UNLABELED),
    Candidate("contrastive", "encoder trained on pairs of issues", least=MANY),
    Candidate("fine_tune", "encoder trained on the labels", least=MANY),
    Candidate("domain_adapted", "the same, after reading unlabelled issues", least=MANY, unlabeled=ENOUGH_UNLABELED),
    Candidate("uda", "encoder held to what is said in other words", least=MANY, unlabeled=ENOUGH_UNLABELED),
)
STANDING = ("zero_shot", "naive_bayes", "linear")  # the blend that serves unless another is better beyond doubt


def blend_of(parts: Sequence[str]) -> Candidate:
    """Return the blend of some methods; of one alone, that method."""
    if len(parts) == 1:
        return next(each for each in LADDER if each.method == parts[0])
    return Candidate("blend", "weighted mean of their probabilities", {"members": list(parts)})


def ladder() -> list[Candidate]:
    """Return the candidates that there are, the quickest first, those that stand before other quick ones.

    Where time is short, it is kept for fitting what has been tried already: later ones find none left.
    """
    there = [each for each in LADDER if each.method in METHODS]
    return sorted(there, key=lambda each: (each.slow, each.method not in STANDING, each.cost))


def missing(candidate: Candidate, labelled: int, unlabeled: int) -> str:
    """Return why the data do not allow a candidate; empty where they do."""
    if labelled < candidate.least:
        return f"{labelled} labelled issues; it takes {candidate.least} or more"
    if unlabeled < candidate.unlabeled:
        return f"{unlabeled} unlabelled issues; it takes {candidate.unlabeled} or more"
    return ""


class OutOfTimeError(PipelineError):
    """A candidate took longer than the budget leaves it."""

    reason = "out_of_time"


@dataclass
class Budget:
    """The time there is, what has been measured so far, and what a candidate may take of it.

    Parameters
    ----------
    seconds : float
    refits : int
        How often the winner is fitted after the choice.
    growth : float
        How many times as many issues it is fitted on then.
    clock : callable
        Returns seconds from any beginning.
    """

    seconds: float
    refits: int = 1
    growth: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _measured: dict[bool, list[float]] = field(default_factory=dict)  # by whether it is slow

    def __post_init__(self) -> None:
        """Let the time begin."""
        self.end = self.clock() + self.seconds

    @property
    def left(self) -> float:
        """Return the seconds left."""
        return self.end - self.clock()

    def estimate(self, candidate: Candidate, issues: int, labels: int) -> float:
        """Return about how many seconds a fit takes, corrected by what earlier ones took.

        A slow one takes as long whatever the number of labels.
        """
        seconds = _hint(candidate, issues, labels)
        own, other = self._measured.get(candidate.slow), self._measured.get(not candidate.slow)
        if own:
            return seconds * own[0] / own[1]
        return seconds * min(max(other[0] / other[1], CORRECTION[0]), CORRECTION[1]) if other else seconds

    def whole(self, seconds: float) -> float:
        """Return the seconds of a fit to compare and of the fits that follow if it wins."""
        return seconds * (1 + self.refits * self.growth)

    def note(self, candidate: Candidate, seconds: float, issues: int, labels: int) -> None:
        """Keep how long a fit took."""
        took, thought = self._measured.get(candidate.slow, [0.0, 0.0])
        self._measured[candidate.slow] = [took + seconds, thought + max(_hint(candidate, issues, labels), 1e-9)]

    def guard(self, progress: Progress, reserve: float) -> Progress:
        """Return a callback that passes on, and raises OutOfTimeError where a winner could no longer be fitted.

        Parameters
        ----------
        reserve : float
            Seconds that the fits of the best candidate so far take.
        """
        begun = self.clock()
        own, kept = begun + self.left / self.whole(1.0), self.end - reserve
        why = "the time was up" if own < kept else "the rest of the time is kept for fitting the best so far"

        def report(done: float) -> None:
            if self.clock() > min(own, kept):
                raise OutOfTimeError(f"stopped after {self.clock() - begun:.0f} s, at {done:.0%}: {why}")
            progress(done)

        return report


def _hint(candidate: Candidate, issues: int, labels: int) -> float:
    return candidate.cost * issues / 1000 * (1.0 if candidate.slow else labels / 10)
