"""The parts of an experiment's issues, and as a DatasetDict: for whoever goes on with them in tools of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.experiment_split import Split
from pipeline.issues import Issue, Targets, build_targets, encodable
from pipeline.splits import stratified_split
from pipeline.templates import Boilerplate

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

VALID_SHARE, VALID_SEED = 0.2, 0


@dataclass(frozen=True)
class Prepared:
    """A split whose labelled issues are apart in train and valid, a share of every label in each."""

    split: Split

    @cached_property
    def parts(self) -> dict[str, list[Issue]]:
        """Return the issues of train, valid, test, and unsup: those before the test of which nothing is known."""
        rows = stratified_split(self.split.targets, share=VALID_SHARE, seed=VALID_SEED)
        train, valid = ([self.split.labelled[row] for row in part] for part in rows)
        return {"train": train, "valid": valid, "test": list(self.split.test), "unsup": list(self.split.others)}

    @cached_property
    def boilerplate(self) -> Boilerplate:
        """Return the issue templates, learnt from all issues but those of the test."""
        return Boilerplate.learn(issue.body for issue in (*self.split.labelled, *self.split.others))


def write_dataset(prepared: Prepared, folder: Path) -> None:
    """Write the parts so that `datasets.load_from_disk` reads them: all of them or nothing; what is there stays.

    An empty part is left out: `datasets` writes one, but does not read it.
    """
    if folder.exists():
        return
    import datasets

    datasets.disable_progress_bars()
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        parts = to_dataset_dict(prepared).items()
        datasets.DatasetDict({name: part for name, part in parts if len(part)}).save_to_disk(scratch)
        scratch.chmod(0o755)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


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
    targets = build_targets(issues, prepared.split.labels)
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
