"""The runs of an experiment in a folder, so that it can be interrupted: each is there as a whole, or not at all.

`experiment.json` says which data the folder is for. A run is `runs/<method>-<slice>-<seed>.safetensors`, its
predictions, and `.json`, written last, its row of the results, what it was trained on, and the method's report.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from pipeline.errors import ExperimentError
from pipeline.experiment import Outcome, Run, Slices
from pipeline.experiment_report import jsonable
from pipeline.experiment_split import Split
from pipeline.files import write_whole

FORMAT = 2
ABOUT = "experiment.json"
ARRAYS = ("test_p", "held_out_y", "held_out_p")


@dataclass(frozen=True)
class Store:
    """A folder that :func:`open_store` has found to be one for these data."""

    folder: Path
    slices: Slices

    def keep(self, run: Run, outcome: Outcome) -> None:
        """Write a run."""
        arrays = save({name: getattr(outcome, name) for name in ARRAYS})
        write_whole(self._file(run, "safetensors"), arrays)
        about = {"data": self.slices.fingerprint(run), "row": outcome.row, "report": outcome.report}
        write_whole(self._file(run, "json"), as_json(about))

    def read(self, run: Run) -> Outcome | None:
        """Return a run; None if it is not there, not whole, or was trained on other issues."""
        try:
            about = json.loads(self._file(run, "json").read_bytes())
            arrays = load(self._file(run, "safetensors").read_bytes())
            row = about["row"]
            if about["data"] != self.slices.fingerprint(run) or (row["method"], row["seed"]) != (run.method, run.seed):
                return None
            return Outcome(row, **{name: arrays[name] for name in ARRAYS}, report=about["report"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None

    def done(self, runs: Iterable[Run]) -> dict[Run, Outcome]:
        """Return those of the runs that are there."""
        return {run: outcome for run in runs if (outcome := self.read(run)) is not None}

    def _file(self, run: Run, kind: str) -> Path:
        return self.folder / "runs" / f"{run.name}.{kind}"


def open_store(folder: Path, slices: Slices) -> Store:
    """Return the folder's runs, and mark the folder as that of these data if it is new or empty.

    Raises
    ------
    ExperimentError
        If it is no folder, holds something else, or the runs of other issues, labels or test issues.
    """
    if folder.exists() and not folder.is_dir():
        raise ExperimentError(f"{folder}: is a file, not a folder")
    about = _about(slices.split)
    if not (folder / ABOUT).exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise ExperimentError(f"{folder}: there is something else in it; name a new or an empty folder")
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        write_whole(folder / ABOUT, as_json(about))
    elif (differs := _difference(folder / ABOUT, about)) is not None:
        raise ExperimentError(f"{folder}: holds runs on {differs}; name another folder, or delete this one")
    (folder / "runs").mkdir(exist_ok=True)
    return Store(folder, slices)


def _about(split: Split) -> dict[str, Any]:
    return {"format": FORMAT, "labels": list(split.labels), "test": len(split.test), "data": split.fingerprint}


def _difference(file: Path, about: Mapping[str, Any]) -> str | None:
    """Say in which way the data of a folder are not these; None if they are."""
    try:
        found = json.loads(file.read_bytes())
        values = {name: found[name] for name in about}
    except (OSError, ValueError, KeyError, TypeError):
        return f"data that cannot be told ({file.name} cannot be read)"
    names = {
        "format": "data written by another version",
        "labels": "other labels",
        "test": "another number of test issues",
        "data": "other issues",
    }
    return next((text for name, text in names.items() if values[name] != about[name]), None)


def as_json(value: Any) -> bytes:
    """Return JSON text."""
    text = json.dumps(jsonable(value), indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")
