"""From a repository's issues to the parts that methods learn from and are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.duplicates import Duplicate, without_duplicates
from pipeline.issues import Issue, Targets, build_targets, encodable
from pipeline.splits import stratified_split, temporal_split
from pipeline.templates import Boilerplate

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


@dataclass(frozen=True)
class Prepared:
    """A repository's issues, apart by what they are for; no two of them say the same.

    Parameters
    ----------
    train, valid : list of Issue
        With at least one of `labels`.
    test : list of Issue
        Not to be looked at before the end; with or without a label.
    unsup : list of Issue
        With none of `labels`, and not in `test`.
    removed : list of Duplicate
        Left out, since another issue says the same.
    boilerplate : Boilerplate
        The issue templates, learnt from all issues but those of `test`.
    temporal : bool
        Whether `test` holds the newest issues, rather than a share of every label: all have a date.
    """

    labels: tuple[str, ...]
    train: list[Issue]
    valid: list[Issue]
    test: list[Issue]
    unsup: list[Issue]
    removed: list[Duplicate]
    boilerplate: Boilerplate
    temporal: bool

    @property
    def parts(self) -> dict[str, list[Issue]]:
        """Return the issues of each part by its name."""
        return {"train": self.train, "valid": self.valid, "test": self.test, "unsup": self.unsup}


def prepare(
    issues: Sequence[Issue], labels: Sequence[str], *, test_newest: int, valid_share: float, seed: int
) -> Prepared:
    """Remove duplicates, hold out a test, and part the rest into train, valid and unlabelled.

    Parameters
    ----------
    test_newest : int
        Issues of the test: the newest where all have a date, else a stratified choice.
    valid_share : float
        Share of the labelled issues outside of the test, and of every label, that goes to `valid`.
    """
    kept, removed = without_duplicates(issues)
    temporal = all(issue.created_at is not None for issue in kept)
    earlier, test = temporal_split(kept, test_newest) if temporal else _stratified(kept, labels, test_newest, seed)
    targets = build_targets(earlier, labels)
    labelled = np.flatnonzero((targets == 1).any(axis=1))
    train, valid = stratified_split(targets[labelled], share=valid_share, seed=seed)
    return Prepared(
        labels=tuple(labels),
        train=_rows(earlier, labelled[train].tolist()),
        valid=_rows(earlier, labelled[valid].tolist()),
        test=test,
        unsup=_rows(earlier, np.flatnonzero(~(targets == 1).any(axis=1)).tolist()),
        removed=removed,
        boilerplate=Boilerplate.learn(issue.body for issue in earlier),
        temporal=temporal,
    )


def to_dataset_dict(prepared: Prepared) -> DatasetDict:
    """Return train, valid, test and unsup as a DatasetDict.

    Columns: `number`, `title`, `body` (cleaned), `text` (both), `labels` (1, 0 or UNKNOWN for each label; in the test
    an issue without any has 0 throughout) and `created_at`, which may be null.
    """
    from datasets import DatasetDict

    return DatasetDict({name: _dataset(prepared, name) for name in prepared.parts})


def _dataset(prepared: Prepared, part: str) -> Dataset:
    from datasets import Dataset, Features, List, Value

    issues = prepared.parts[part]
    targets = build_targets(issues, prepared.labels)
    names = {"number": "int64", "title": "string", "body": "string", "text": "string"}
    features: dict[str, Any] = {name: Value(kind) for name, kind in names.items()}
    features |= {"labels": List(Value("int8")), "created_at": Value("timestamp[us, tz=UTC]")}
    columns = _columns(issues, np.maximum(targets, 0) if part == "test" else targets, prepared.boilerplate)
    return Dataset.from_dict(columns, features=Features(features))


def _columns(issues: Sequence[Issue], targets: Targets, boilerplate: Boilerplate) -> dict[str, list[Any]]:
    titles = [encodable(issue.title) for issue in issues]
    bodies = [encodable(boilerplate.clean(issue.body)) for issue in issues]
    return {
        "number": [issue.number for issue in issues],
        "title": titles,
        "body": bodies,
        "text": [f"{title}\n{body}".strip() for title, body in zip(titles, bodies, strict=True)],
        "labels": targets.tolist(),
        "created_at": [issue.created_at for issue in issues],
    }


def _stratified(
    issues: Sequence[Issue], labels: Sequence[str], count: int, seed: int
) -> tuple[list[Issue], list[Issue]]:
    share = min(count / len(issues), 1.0) if issues else 0.0
    rest, part = stratified_split(build_targets(issues, labels), share=share, seed=seed)
    return _rows(issues, rest.tolist()), _rows(issues, part.tolist())


def _rows(issues: Sequence[Issue], rows: Sequence[int]) -> list[Issue]:
    return [issues[row] for row in rows]
