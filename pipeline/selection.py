"""The ladder: try the methods that the data allow, the quick ones first, and choose by what they held out.

The quick methods, which take seconds, meet on the same issues: each predicted by a twin without it where few are
labelled, the newest ones otherwise. Among these a blend of what labels mean, of words and of embeddings stands, and
goes only where another method, or another blend, is better beyond doubt: what a few issues say of methods is mostly
noise, and on issues of a training period this cost less than to follow it (docs/adr/0005). Methods that train an
encoder take minutes, and meet the best quick one on the newest issues; a tie goes to the quick one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import combinations

from pipeline.arena import HOLDOUT_SHARE, Arena, Material, Score, cross_fitting, holding_out, probability_better, score
from pipeline.candidates import STANDING, Budget, Candidate, OutOfTimeError, blend_of, ladder, missing
from pipeline.choice import Choice, Entry, ranked
from pipeline.errors import PipelineError, TooFewIssuesError
from pipeline.issues import Probabilities, apart, build_targets
from pipeline.label_evidence import weigh_labels
from pipeline.methods import METHODS
from pipeline.methods.base import Issues, Progress
from pipeline.training import LEAST_ISSUES, Recipe, Trained, train

FEW = 200  # labelled issues, below which a hold-out would be too small for the quick methods
BETTER = 0.9  # how sure it must be that a candidate is better than the one that stands
MOST_BLENDED = 3
CHOOSING = 0.75  # the share of the progress that the choice is
LEAST_TO_DISMISS = 20  # issues with a label, below which chance cannot be told from a label that is hard to learn


def choose(material: Material, budget: Budget, *, progress: Progress | None = None) -> Choice:
    """Return the method that is to be fitted on all of the material."""
    if material.labelled < LEAST_ISSUES:
        return _without_comparison(material)
    race = _Race(material, budget, progress or (lambda done: None))
    arena = cross_fitting(material) if material.labelled < FEW else holding_out(material)
    race.run(arena, [each for each in race.candidates if not each.slow])
    winner, why = race.best_quick(arena)
    slow = [each for each in race.candidates if each.slow]
    if slow:
        where = arena if arena.later else holding_out(material)
        race.run(where, slow)
        winner, why = race.best_slow(where, winner, why)
    return race.choice(winner, why, _cannot_be_learnt(arena, race.predicted(arena)))


@dataclass(frozen=True)
class Wanted:
    """What a choice is for: the labels to learn, the seed, and the time it may take.

    Parameters
    ----------
    seconds : float
        For the choice and for `refits` fits of the winner, each on `growth` times as many issues.
    """

    labels: tuple[str, ...]
    seed: int = 0
    seconds: float = 1200.0
    refits: int = 1
    growth: float = 1.0

    def budget(self) -> Budget:
        """Return a budget that begins now."""
        return Budget(self.seconds, self.refits, self.growth / (1 - HOLDOUT_SHARE))


def choose_for(
    issues: Issues, wanted: Wanted, *, unlabeled: Issues = (), progress: Progress | None = None
) -> tuple[Recipe, Choice]:
    """Return the recipe for issues, some of which are labelled, and all that was tried."""
    known, others = apart(issues, wanted.labels)
    material = Material(known, build_targets(known, wanted.labels), wanted.labels, [*others, *unlabeled], wanted.seed)
    choice = choose(material, wanted.budget(), progress=progress)
    return Recipe(choice.method, choice.settings, choice.labels, wanted.seed), choice


def train_best(
    issues: Issues, wanted: Wanted, *, now: datetime, unlabeled: Issues = (), progress: Progress | None = None
) -> Trained:
    """Choose a method by hold-outs within `issues`, and train it on all of them."""
    report = progress or (lambda done: None)
    recipe, choice = choose_for(issues, wanted, unlabeled=unlabeled, progress=lambda done: report(done * CHOOSING))
    model = train(
        issues,
        recipe,
        now=now,
        unlabeled=unlabeled,
        progress=lambda done: report(CHOOSING + done * (1 - CHOOSING)),
    )
    return replace(model, why=choice.why, selection=choice.as_json())


def _without_comparison(material: Material) -> Choice:
    """Return the method that needs no label, unmeasured."""
    free = [each for each in ladder() if not getattr(METHODS[each.method], "needs_labels", True)]
    if not free or not material.labels:
        raise TooFewIssuesError(f"{material.labelled} labelled issues, or no label: too few to choose a method by")
    why = f"{material.labelled} labelled issues are too few to compare methods by; {free[0].name} learns from no label"
    table = (Entry(free[0].name, free[0].what, "chosen", why),)
    return Choice(free[0].method, free[0].settings, material.labels, why, table, {})


def _cannot_be_learnt(arena: Arena, predicted: Mapping[Candidate, Probabilities]) -> dict[str, str]:
    """Return the labels that no candidate tells better than chance, though many issues have them, with the reason."""
    by_name = {candidate.name: p for candidate, p in predicted.items()}
    evidence = weigh_labels(arena.material.labels, arena.y, by_name, least=1)
    found = {each.name: each.reason for each in evidence if each.reason and each.examples >= LEAST_TO_DISMISS}
    return found if len(found) < len(evidence) else {}


@dataclass
class _Race:
    """Who has been where, and what came of it."""

    material: Material
    budget: Budget
    report: Progress
    _entries: dict[tuple[str, str], Entry] = field(default_factory=dict)  # by name, and what it was measured on
    _decided_on: str = ""
    _seen: dict[int, dict[Candidate, Probabilities]] = field(default_factory=dict)  # by arena
    _longest: float = 0.0  # seconds of a fit of the best so far, on the issues of an arena

    def __post_init__(self) -> None:
        """Set those aside that the data do not allow."""
        self.candidates: list[Candidate] = []
        for each in ladder():
            why = missing(each, self.material.labelled, len(self.material.unlabeled))
            if why:
                self._enter(Entry(each.name, each.what, "skipped", why))
            else:
                self.candidates.append(each)

    def predicted(self, arena: Arena) -> dict[Candidate, Probabilities]:
        """Return the predictions made in an arena."""
        return self._seen.setdefault(id(arena), {})

    def run(self, arena: Arena, candidates: Sequence[Candidate]) -> None:
        """Let each candidate for which there is time predict the issues of an arena."""
        for candidate in candidates:
            place = self.candidates.index(candidate)
            self._try(arena, candidate, partial(self._report_part, place))

    def _report_part(self, place: int, done: float) -> None:
        self.report((place + done) / len(self.candidates))

    def _try(self, arena: Arena, candidate: Candidate, progress: Progress) -> None:
        size, labels = len(arena.material.issues), len(self.material.labels)
        if why := missing(candidate, arena.material.labelled, len(arena.material.unlabeled)):
            return self._enter(Entry(candidate.name, candidate.what, "skipped", f"apart from the hold-out {why}"))
        needed = self.budget.whole(self.budget.estimate(candidate, size, labels))
        if needed > self.budget.left:
            why = f"about {needed:.0f} s with the fits that follow, of {max(self.budget.left, 0):.0f} s left"
            return self._enter(Entry(candidate.name, candidate.what, "skipped", why))
        begun, guarded = self.budget.clock(), self.budget.guard(progress, self._reserve())
        try:
            predicted = arena.predict(candidate, guarded)
        except PipelineError as error:
            state = "skipped" if isinstance(error, OutOfTimeError) else "failed"
            return self._enter(Entry(candidate.name, candidate.what, state, str(error), self.budget.clock() - begun))
        seconds = self.budget.clock() - begun
        self.budget.note(candidate, seconds, size, labels)
        self._longest = max(self._longest, 0.0 if candidate.slow else seconds)
        self.predicted(arena)[candidate] = predicted
        return self._measured(arena, candidate, score(arena.y, predicted, self.material.labels), seconds)

    def _reserve(self) -> float:
        """Return the seconds that the fits of the best quick one take after the choice: three members at most."""
        return (self.budget.whole(self._longest) - self._longest) * MOST_BLENDED

    def _enter(self, entry: Entry) -> None:
        self._entries[entry.name, entry.on] = entry

    def _measured(self, arena: Arena, candidate: Candidate, found: Score, seconds: float | None = None) -> None:
        """Enter how good the predictions of a candidate are in an arena."""
        taken = None if seconds is None else round(seconds, 2)
        about = Entry(candidate.name, candidate.what, "compared", seconds=taken, on=arena.about)
        self._enter(replace(about, **asdict(found)))

    # --- who is best

    def best_quick(self, arena: Arena) -> tuple[Candidate, str]:
        """Return the best of the quick methods and their blends, and why."""
        there = self.predicted(arena)
        if not there:
            raise TooFewIssuesError("no method could be tried: see the reasons, or give more time")
        singles = [each.method for each in there]
        standing = blend_of([each for each in STANDING if each in singles] or singles[:1])
        others = [blend_of(parts) for size in range(1, MOST_BLENDED + 1) for parts in combinations(singles, size)]
        return self._contest(arena, standing, others)

    def best_slow(self, arena: Arena, standing: Candidate, why: str) -> tuple[Candidate, str]:
        """Return the best of those that train an encoder and of their blends, unless the quick one holds out."""
        slow = [each.method for each in self.predicted(arena) if each.slow]
        if not slow:
            return standing, why
        self._stand(arena, standing)
        parts = [each for each in standing.parts if blend_of([each]) in self.predicted(arena)]
        others = [
            blend_of([*some, each])
            for each in slow
            for size in range(MOST_BLENDED)
            for some in combinations(parts, size)
        ]
        return self._contest(arena, standing, others)

    def _stand(self, arena: Arena, standing: Candidate) -> None:
        """Let the parts of the one that stands predict the issues of an arena, where they have not yet."""
        for part in map(blend_of, zip(standing.parts, strict=True)):
            if part not in self.predicted(arena):
                begun = self.budget.clock()
                predicted = self.predicted(arena)[part] = arena.predict(part, None)
                found = score(arena.y, predicted, self.material.labels)
                self._measured(arena, part, found, self.budget.clock() - begun)

    def _contest(self, arena: Arena, standing: Candidate, others: Sequence[Candidate]) -> tuple[Candidate, str]:
        """Return the one that stands, or the best other one if that is better beyond doubt."""
        self._decided_on = arena.about
        predicted = {each: self._blended(arena, each) for each in [standing, *others]}
        scores = {each: score(arena.y, p, self.material.labels) for each, p in predicted.items()}
        best = max(others, key=lambda each: (scores[each].mean, -each.cost))
        for each in (standing, best):
            if len(each.parts) > 1:
                self._measured(arena, each, scores[each])
        if best == standing:
            return standing, f"{standing.name} is the best on {arena.about}: {_figures(scores[standing])}"
        sure = probability_better(arena.y, predicted[best], predicted[standing], arena.groups, seed=self.material.seed)
        winner, other = (best, standing) if sure >= BETTER else (standing, best)
        return winner, _reason(winner, other, scores, sure, arena.about)

    def _blended(self, arena: Arena, candidate: Candidate) -> Probabilities:
        there = {each.name: p for each, p in self.predicted(arena).items()}
        parts = [there[each] for each in candidate.parts]
        return arena.blend(parts) if len(parts) > 1 else parts[0]

    def choice(self, winner: Candidate, why: str, left_out: Mapping[str, str]) -> Choice:
        """Return the winner with the table of all."""
        self._enter(replace(self._entries[winner.name, self._decided_on], state="chosen"))
        labels = tuple(each for each in self.material.labels if each not in left_out)
        table = ranked(self._entries.values(), self._decided_on)
        return Choice(winner.method, winner.settings, labels, why, table, left_out)


def _figures(found: Score) -> str:
    return f"micro-F1 {found.micro_f1:.3f}, average precision {found.average_precision:.3f}"


def _reason(winner: Candidate, other: Candidate, scores: Mapping[Candidate, Score], sure: float, about: str) -> str:
    told = f"{winner.name} has {_figures(scores[winner])} on {about}; {other.name} has {_figures(scores[other])}"
    if sure >= BETTER:
        return f"{told}, and is worse in {sure:.0%} of the resamples"
    return f"{told}, better in {sure:.0%} of the resamples, where {BETTER:.0%} are asked for"
