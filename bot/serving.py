"""Score issues with model versions and with the cold start. Holds the few models used last; shares one encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from bot import in_force
from bot.label_names import LabelNames
from bot.models import ModelVersion, Repository
from bot.repo_config import RepoConfig
from bot.settings import Settings
from pipeline import registry
from pipeline.cold_start import FLOOR, ColdStart
from pipeline.decisions import Decision, PrecisionTargets
from pipeline.encoder import load_encoder
from pipeline.issues import Issue, Probabilities
from pipeline.training import LabelScore

MODELS_HELD = 8


class Models:
    """Load model versions from the store, and score with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._load = lru_cache(MODELS_HELD)(lambda folder: registry.load(root / folder))
        self._cold = lru_cache(MODELS_HELD)(lambda labels: ColdStart([name for name, _ in labels], dict(labels)))

    def warm_up(self) -> None:
        """Load the encoder, so that the first issue does not wait for it."""
        load_encoder().embed(["ready"])

    def score(self, folder: str, issues: Sequence[Issue], targets: PrecisionTargets) -> list[list[LabelScore]]:
        """Return every label of a model version for each issue, most probable first."""
        return self._load(folder).score(issues, targets)

    def track_record(self, folder: str, targets: PrecisionTargets) -> dict[tuple[str, str], tuple[int, int]]:
        """Return by (label, decision) how many held-out decisions of a model version were right, and of how many."""
        return self._load(folder).track_record(targets)

    def score_cold(self, labels: Mapping[str, str], issue: Issue) -> list[LabelScore]:
        """Return every label, by name and description alone, most probable first; at most one is suggested.

        Nothing about these guesses has been measured on the repository, so none has a threshold.
        """
        if not labels:
            return []
        row = self._cold(tuple(labels.items())).score([issue])[0]  # (labels,)
        ranked = sorted(zip(row.tolist(), labels, strict=True), reverse=True)
        return [_unmeasured(name, probability, first=rank == 0) for rank, (probability, name) in enumerate(ranked)]

    def probabilities(
        self, model: ModelVersion | None, labels: Mapping[str, str], issues: Sequence[Issue]
    ) -> tuple[Sequence[str], Probabilities]:
        """Return a model version's labels and its probabilities, (issues, labels); the cold start's for None."""
        if model is not None:
            trained = self._load(model.folder)
            return trained.labels, trained.method.predict_proba(issues)
        return list(labels), self._cold(tuple(labels.items())).score(issues)


def under_present_names(scores: Sequence[LabelScore], names: LabelNames, trained: datetime) -> list[LabelScore]:
    """Return a model's scores under the names that its labels have now, without labels that are there no more.

    Of two labels that were merged since, the surer decision counts.
    """
    order = (Decision.WITHHOLD, Decision.SUGGEST, Decision.APPLY)
    found: dict[str, LabelScore] = {}
    for score in sorted(scores, key=lambda each: (order.index(each.decision), each.probability)):
        name = names.now(score.name, trained)
        if name is not None:
            found[name] = replace(score, name=name)
    return sorted(found.values(), key=lambda each: -each.probability)


def _unmeasured(name: str, probability: float, *, first: bool) -> LabelScore:
    decision = Decision.SUGGEST if first and probability >= FLOOR else Decision.WITHHOLD
    return LabelScore(name, probability, None, None, decision)


def precision_targets(repo: Repository, settings: Settings) -> PrecisionTargets:
    """Return the precision targets in force for `repo`; what is suggested need never be surer than what is applied."""
    own = in_force.config(repo)
    apply = repo.apply_precision or own.apply_precision or settings.apply_precision
    suggest = repo.suggest_precision or own.suggest_precision or settings.suggest_precision
    return PrecisionTargets(apply, min(suggest, apply), settings.confidence)


def candidates(names: Mapping[str, str], taxonomy: Sequence[str] | None, own: RepoConfig) -> dict[str, str]:
    """Return the labels, with descriptions, that the bot may think about.

    They are those of the taxonomy, or all, that the repository's own configuration uses; it may say what they mean.
    """
    wanted = None if taxonomy is None else {name.lower() for name in taxonomy}
    chosen = (name for name in names if (wanted is None or name.lower() in wanted) and own.uses(name))
    return {name: own.meaning(name) or names[name] for name in chosen}
